"""The languages: what each needs, how it is made ready and started. Everything is made in one folder
of the build, and uses the installed library only."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXAMPLES = os.path.join(ROOT, "examples", "languages")
JNA = "/usr/share/java/jna.jar"


class NotRun(Exception):
    """The machine lacks something; the argument says what."""


def need(program, package):
    found = shutil.which(program)
    if found is None:
        raise NotRun(f"no {program} (Debian: {package})")
    return found


def command(words, env=None, cwd=None, stdin=None):
    done = subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, timeout=300, stdin=stdin)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Place:
    """Where the library is installed, and where programs are made."""

    def __init__(self, prefix, libdir, folder):
        self.prefix, self.libdir, self.folder = prefix, libdir, folder
        self.env = dict(os.environ)
        for name in ("LD_LIBRARY_PATH", "HTTPCLIENT_LIBRARY", "PYTHONPATH", "HC_NATIVE"):
            self.env.pop(name, None)
        # For a Python that has no library but the one inside of the wheel.
        self.bare = dict(self.env)
        self.env["LD_LIBRARY_PATH"] = libdir
        self.env["PKG_CONFIG_PATH"] = os.path.join(libdir, "pkgconfig")

    def make(self, name):
        path = os.path.join(self.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def flags(self):
        return command(["pkg-config", "--cflags", "--libs", "httpclient"], self.env).split()


def example(*words):
    return os.path.join(EXAMPLES, *words)


# Each gives the command to run, and its environment.

def cpp(place):
    compiler = need("g++", "g++")
    need("pkg-config", "pkg-config")
    program = os.path.join(place.make("cpp"), "fetch")
    command([compiler, "-std=c++17", "-Wall", "-Wextra", "-pedantic", "-Werror", example("cpp", "fetch.cpp"),
             "-o", program, *place.flags()], place.env)
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return [program], place.env
    # It frees what it was given.
    return [valgrind, "--quiet", "--leak-check=full", "--error-exitcode=99", "--track-fds=yes",
            "--suppressions=" + os.path.join(ROOT, "c-tests", "memcheck.supp"), program], place.env


def python(place):
    """A wheel that carries the library, in a fresh environment, with no library anywhere else."""
    folder = place.make("python")
    source = os.path.join(folder, "source")
    # Away from the tree, which building would litter.
    shutil.copytree(os.path.join(ROOT, "bindings", "python"), source,
                    ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    library = os.path.join(place.libdir, "libhttpclient.so.0")
    venv = venv_of(place)
    command([venv, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, source],
            {**place.bare, "HTTPCLIENT_LIBRARY": library})
    wheels = [name for name in os.listdir(folder) if name.endswith(".whl")]
    assert len(wheels) == 1 and wheels[0].startswith("libhttpclient-") and "-py3-none-linux" in wheels[0], wheels
    command([venv, "-m", "pip", "install", "--quiet", "--no-deps", os.path.join(folder, wheels[0])], place.bare)
    used = command([venv, "-I", "-c", "import httpclient; print(httpclient.load())"], place.bare).strip()
    assert used.endswith("/httpclient/libhttpclient.so.0") and used.startswith(os.path.dirname(os.path.dirname(venv))), used
    return [venv, "-I", example("python", "fetch.py")], place.bare


def venv_of(place):
    """A fresh environment, which the test of the cdef uses, too."""
    folder = os.path.join(place.folder, "venv")
    interpreter = os.path.join(folder, "bin", "python")
    if not os.path.exists(interpreter):
        try:
            command([sys.executable, "-m", "venv", folder], place.bare)
        except RuntimeError as e:
            shutil.rmtree(folder, ignore_errors=True)
            if "ensurepip" not in str(e):
                raise
            raise NotRun("python3 cannot make environments (Debian: python3-venv)") from None
    return interpreter


def lua(place):
    return [need("luajit", "luajit"), example("lua", "fetch.lua")], place.env


def node(place):
    program = need("node", "nodejs")
    npm = need("npm", "npm")
    folder = place.make("node")
    for name in ("fetch.js", "package.json"):
        shutil.copy(example("node", name), folder)
    command([npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            place.env, folder)
    return [program, os.path.join(folder, "fetch.js")], place.env


def ruby(place):
    program = need("ruby", "ruby")
    return [program, "-W:no-deprecated", example("ruby", "fetch.rb")], place.env


def perl(place):
    program = need("perl", "perl")
    if subprocess.run([program, "-MFFI::Platypus", "-e", "1"], capture_output=True).returncode != 0:
        raise NotRun("no FFI::Platypus (Debian: libffi-platypus-perl)")
    return [program, example("perl", "fetch.pl")], place.env


def java(place):
    need("javac", "default-jdk-headless; HC_LANGUAGES=all brings it")
    if not os.path.exists(JNA):
        raise NotRun("no JNA (Debian: libjna-java)")
    return [need("java", "default-jdk-headless"), "-XX:TieredStopAtLevel=1", "-cp", JNA,
            f"-Djna.library.path={place.libdir}", example("java", "Fetch.java")], place.env


def go(place):
    program = need("go", "golang-go; 80 MB, HC_LANGUAGES=all brings it")
    folder = place.make("go")
    made = os.path.join(folder, "fetch")
    env = {**place.env, "GOCACHE": os.path.join(place.folder, "go-cache"), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    command([program, "build", "-o", made, "."], env, example("go"))
    return [made], place.env


# In the order of the table in docs/languages.md; what an error is called there.
LANGUAGES = {
    "cpp": (cpp, "HC_ERR_CONNECT"),
    "python": (python, "ConnectionRefusedError"),
    "lua": (lua, "HC_ERR_CONNECT"),
    "node": (node, "HC_ERR_CONNECT"),
    "ruby": (ruby, "HC_ERR_CONNECT"),
    "perl": (perl, "HC_ERR_CONNECT"),
    "java": (java, "HC_ERR_CONNECT"),
    "go": (go, "HC_ERR_CONNECT"),
}
