"""The header as the ffi of other languages reads it: preprocessed, and loaded in cffi and LuaJIT. Both
have to know every function, and every struct in the size that C gives it."""

import json
import os
import re
import subprocess

from languages import EXAMPLES, ROOT, NotRun, command, need, venv_of

CFFI = """
import cffi, json, sys
ffi = cffi.FFI()
ffi.cdef(open(sys.argv[1]).read())
lib = ffi.dlopen(sys.argv[2])
names = json.load(open(sys.argv[3]))
print(json.dumps({
    "functions": sum(1 for name in names["functions"] if getattr(lib, name)),
    "sizes": {name: ffi.sizeof(name) for name in names["structs"]},
    "version": ffi.string(lib.hc_version()).decode(),
    "timeout": lib.HC_ERR_TIMEOUT,
}))
"""

LUA = """
local ffi = require("ffi")
ffi.cdef(assert(io.open(arg[1])):read("*a"))
local lib, functions, sizes = ffi.load(arg[2]), 0, {}
for word in assert(io.open(arg[3])):lines() do
  local kind, name = word:match("^(%a+) (%S+)$")
  if kind == "function" then
    functions = functions + (lib[name] ~= nil and 1 or 0)
  else
    sizes[#sizes + 1] = ('"%s": %d'):format(name, ffi.sizeof(name))
  end
end
print(('{"functions": %d, "sizes": {%s}, "version": "%s", "timeout": %d}'):format(
  functions, table.concat(sizes, ", "), ffi.string(lib.hc_version()), lib.HC_ERR_TIMEOUT))
"""


def names_in(text):
    with open(os.path.join(ROOT, "docs", "symbols.txt"), encoding="utf-8") as f:
        functions = [line.split()[0] for line in f if line.strip() and not line.startswith("#")]
    structs = re.findall(r"^\} (h[cm]_\w+);", text, re.M)
    assert len(functions) > 300 and len(structs) >= 15, (len(functions), len(structs))
    return functions, structs


class Cdef:
    def __init__(self, place):
        self.place = place
        self.folder = place.make("cdef")
        self.library = os.path.join(place.libdir, "libhttpclient.so.0")
        self.text = os.path.join(self.folder, "cdef.h")
        printed = command([os.path.join(EXAMPLES, "cdef.sh")], place.env)
        with open(self.text, "w", encoding="utf-8") as f:
            f.write(printed)
        functions, structs = names_in(printed)
        self.names = self.write("names.json", json.dumps({"functions": functions, "structs": structs}))
        self.words = self.write("names.txt", "".join(
            [f"function {name}\n" for name in functions] + [f"struct {name}\n" for name in structs]))
        self.wanted = {"functions": len(functions), "sizes": self.sizes_in_c(structs)}

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def sizes_in_c(self, structs):
        source = self.write("sizes.c", "#include <httpclient.h>\nint main(void) {\n" + "".join(
            f'  printf("%s %zu\\n", "{name}", sizeof({name}));\n' for name in structs) + "  return 0;\n}\n")
        program = os.path.join(self.folder, "sizes")
        command([os.environ.get("CC", "cc"), source, "-o", program, *self.place.flags()], self.place.env)
        pairs = (line.split() for line in command([program], self.place.env).splitlines())
        return {name: int(size) for name, size in pairs}

    def judge(self, printed):
        got = json.loads(printed)
        for key, value in self.wanted.items():
            assert got[key] == value, f"{key}: {got[key]} instead of {value}"
        assert got["timeout"] == -64 and got["version"], got

    def cffi(self):
        venv = venv_of(self.place)
        try:
            command([venv, "-m", "pip", "install", "--quiet", "cffi"], self.place.bare)
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            raise NotRun(f"cffi cannot be installed: {str(e).strip().splitlines()[-1]}") from None
        script = self.write("cffi_reads.py", CFFI)
        self.judge(command([venv, "-I", script, self.text, self.library, self.names], self.place.bare))

    def luajit(self):
        script = self.write("luajit_reads.lua", LUA)
        self.judge(command([need("luajit", "luajit"), script, self.text, self.library, self.words], self.place.env))
