# What an installation holds. Components: runtime (what programs load), dev (the rest).

set(_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/httpclient")

install(PROGRAMS "${HTTPCLIENT_LIB_DIR}/${HTTPCLIENT_REAL_NAME}"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES "${HTTPCLIENT_LIB_DIR}/${HTTPCLIENT_SONAME}"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime)
install(FILES "${HTTPCLIENT_LIB_DIR}/libhttpclient.so" "${HTTPCLIENT_LIB_DIR}/libhttpclient.a"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev)
install(TARGETS httpclient_test ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev)
install(FILES "${PROJECT_SOURCE_DIR}/include/httpclient.h"
              "${PROJECT_SOURCE_DIR}/include/httpclient_test.h"
              "${PROJECT_SOURCE_DIR}/include/httpclient.hpp"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/httpclient"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev FILES_MATCHING PATTERN "*.hpp")

include("${PROJECT_SOURCE_DIR}/cmake/man.cmake")

# CMake strips only what it has built itself.
if(HTTPCLIENT_STRIP AND CMAKE_STRIP)
  foreach(_row "runtime|--strip-unneeded|${HTTPCLIENT_REAL_NAME}" "dev|--strip-debug|libhttpclient.a")
    string(REPLACE "|" ";" _row "${_row}")
    list(GET _row 0 _component)
    list(GET _row 1 _how)
    list(GET _row 2 _name)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
      set(_file "\$ENV{DESTDIR}${CMAKE_INSTALL_LIBDIR}/${_name}")
    else()
      set(_file "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/${_name}")
    endif()
    install(CODE "execute_process(
      COMMAND \"${CMAKE_STRIP}\" ${_how} \"${_file}\" COMMAND_ERROR_IS_FATAL ANY)"
      COMPONENT ${_component})
  endforeach()
endif()

# The tree can be moved (cmake --install --prefix, DESTDIR, an unpacked archive) as long as
# no folder in it was given from the root.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH _up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" _up "${_up}")
  set(_pc_prefix "\${pcfiledir}/${_up}")
  set(_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
list(JOIN HTTPCLIENT_PRIVATE_LIBS " " _pc_private)
configure_file(cmake/httpclient.pc.in httpclient.pc @ONLY)
configure_file(cmake/httpclient-test.pc.in httpclient-test.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/httpclient.pc" "${PROJECT_BINARY_DIR}/httpclient-test.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)

configure_package_config_file(cmake/httpclient-config.cmake.in httpclient-config.cmake
  INSTALL_DESTINATION "${_cmake_dir}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
# Below 1.0 a minor release may take things away.
write_basic_package_version_file(httpclient-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/httpclient-config.cmake"
              "${PROJECT_BINARY_DIR}/httpclient-config-version.cmake"
        DESTINATION "${_cmake_dir}" COMPONENT dev)

# Archives and RPMs for whoever has no packager. Debian's packages are made by debian/, which
# knows more.
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_VENDOR "The libhttpclient authors")
  set(CPACK_PACKAGE_CONTACT "maintainers@libhttpclient.invalid")
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
  set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE-MIT")
  set(CPACK_GENERATOR TGZ)
  set(CPACK_COMPONENTS_ALL runtime dev tools)
  set(CPACK_RPM_COMPONENT_INSTALL ON)
  set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
  set(CPACK_RPM_PACKAGE_LICENSE "MIT OR Apache-2.0")
  set(CPACK_RPM_RUNTIME_PACKAGE_NAME libhttpclient0)
  set(CPACK_RPM_DEV_PACKAGE_NAME libhttpclient-devel)
  set(CPACK_RPM_DEV_PACKAGE_REQUIRES "libhttpclient0 = ${PROJECT_VERSION}")
  set(CPACK_RPM_TOOLS_PACKAGE_NAME hget)
  include(CPack)
endif()
