"""Beside what pyproject.toml says: a wheel that carries the library, when HTTPCLIENT_LIBRARY names
the file. It is for machines like this one then; without it the wheel is for any, and finds the
library where the README says."""

import os
import shutil

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

LIBRARY = os.environ.get("HTTPCLIENT_LIBRARY")
SONAME = "libhttpclient.so.0"


class WithLibrary(build_py):
    def run(self):
        super().run()
        # The file itself, not the symbolic link to it.
        shutil.copyfile(LIBRARY, os.path.join(self.build_lib, "httpclient", SONAME))


class ForThisMachine(bdist_wheel):
    def get_tag(self):
        # ctypes asks nothing of the interpreter's ABI.
        return "py3", "none", super().get_tag()[2]


class NotPure(Distribution):
    def has_ext_modules(self):
        return True


if LIBRARY:
    setup(cmdclass={"build_py": WithLibrary, "bdist_wheel": ForThisMachine}, distclass=NotPure)
else:
    setup()
