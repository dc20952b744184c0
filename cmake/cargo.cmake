# The library, built by cargo, as the targets that find_package(httpclient) gives:
# httpclient::httpclient and httpclient::httpclient_static.

find_program(CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)

if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(_profile dev)
  set(_out debug)
else()
  set(_profile release)
  set(_out release)
endif()

set(_env "CARGO_TARGET_DIR=${HTTPCLIENT_TARGET_DIR}")
set(_triple "${HTTPCLIENT_RUST_TARGET}")
if(HTTPCLIENT_SANITIZE)
  # The flag is for nightly compilers; the variable has the stable one take it.
  list(APPEND _env RUSTC_BOOTSTRAP=1 HC_SANITIZED=1 RUSTFLAGS=-Zsanitizer=address)
  # With an explicit target the flags are for the library alone, not for build.rs.
  if(NOT _triple)
    execute_process(COMMAND rustc -vV OUTPUT_VARIABLE _triple COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "host: ([^\n]+)" _ "${_triple}")
    set(_triple "${CMAKE_MATCH_1}")
  endif()
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
set(_target)
if(_triple)
  set(_target --target "${_triple}")
  set(_out "${_triple}/${_out}")
endif()
set(_out "${HTTPCLIENT_TARGET_DIR}/${_out}")
if(NOT HTTPCLIENT_TLS MATCHES "^(ring|aws-lc-rs)$")
  message(FATAL_ERROR "HTTPCLIENT_TLS is ring or aws-lc-rs, not ${HTTPCLIENT_TLS}")
endif()
# Ring is cargo's default, so that the target folder is shared with a plain `cargo build`.
set(_features)
if(NOT HTTPCLIENT_TLS STREQUAL "ring")
  list(APPEND _features --no-default-features --features "${HTTPCLIENT_TLS}")
endif()
if(HTTPCLIENT_BUNDLED_ROOTS)
  list(APPEND _features --features bundled-roots)
endif()

set(HTTPCLIENT_REAL_NAME "libhttpclient.so.${PROJECT_VERSION}")
set(HTTPCLIENT_SONAME "libhttpclient.so.${PROJECT_VERSION_MAJOR}")
set(HTTPCLIENT_LIB_DIR "${PROJECT_BINARY_DIR}/lib")
set(_so "${HTTPCLIENT_LIB_DIR}/${HTTPCLIENT_REAL_NAME}")
set(_a "${HTTPCLIENT_LIB_DIR}/libhttpclient.a")

# Cargo is always asked: it knows best whether there is something to do, and says so in a
# tenth of a second. copy_if_different keeps the C side from linking again for nothing.
add_custom_target(cargo_build ALL
  COMMAND ${CMAKE_COMMAND} -E env ${_env}
          "${CARGO}" build --lib --profile ${_profile} --locked ${_features} ${_target}
  COMMAND ${CMAKE_COMMAND} -E make_directory "${HTTPCLIENT_LIB_DIR}"
  COMMAND ${CMAKE_COMMAND} -E copy_if_different "${_out}/libhttpclient.so" "${_so}"
  COMMAND ${CMAKE_COMMAND} -E copy_if_different "${_out}/libhttpclient.a" "${_a}"
  COMMAND ${CMAKE_COMMAND} -E create_symlink "${HTTPCLIENT_REAL_NAME}"
          "${HTTPCLIENT_LIB_DIR}/${HTTPCLIENT_SONAME}"
  COMMAND ${CMAKE_COMMAND} -E create_symlink "${HTTPCLIENT_SONAME}"
          "${HTTPCLIENT_LIB_DIR}/libhttpclient.so"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  BYPRODUCTS "${_so}" "${_a}"
  USES_TERMINAL VERBATIM
  COMMENT "cargo build (${_profile})")

# What a program needs beside the archive. libgcc comes from the compiler that links.
set(HTTPCLIENT_PRIVATE_LIBS -lm -lpthread -ldl)

add_library(httpclient SHARED IMPORTED GLOBAL)
set_target_properties(httpclient PROPERTIES
  IMPORTED_LOCATION "${_so}"
  IMPORTED_SONAME "${HTTPCLIENT_SONAME}"
  INTERFACE_INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}/include")
add_dependencies(httpclient cargo_build)
add_library(httpclient::httpclient ALIAS httpclient)

add_library(httpclient_static STATIC IMPORTED GLOBAL)
set_target_properties(httpclient_static PROPERTIES
  IMPORTED_LOCATION "${_a}"
  INTERFACE_INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}/include"
  INTERFACE_LINK_LIBRARIES "${HTTPCLIENT_PRIVATE_LIBS}")
add_dependencies(httpclient_static cargo_build)
add_library(httpclient::httpclient_static ALIAS httpclient_static)
