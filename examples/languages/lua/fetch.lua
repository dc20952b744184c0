-- luajit fetch.lua HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its
-- name. These are the declarations that it needs, as they stand in httpclient.h; the whole header,
-- preprocessed (cc -E -P), can be given to ffi.cdef just as well.
local ffi = require("ffi")
ffi.cdef [[
typedef int32_t hc_status;
typedef struct hc_conn hc_conn;
typedef struct hr_response hr_response;
typedef struct { const char *name; size_t name_len; const char *value; size_t value_len; } hc_header;
hc_status hc_new(const char *host, int32_t port, hc_conn **out);
void hc_free(hc_conn *c);
hc_status hc_request(hc_conn *c, const char *method, const char *target, const hc_header *headers,
                     size_t count, const void *body, uint32_t flags);
hc_status hc_putrequest(hc_conn *c, const char *method, const char *target, uint32_t flags);
hc_status hc_putheader(hc_conn *c, const char *name, const char *value);
hc_status hc_endheaders(hc_conn *c, const void *body, uint32_t flags);
hc_status hc_send(hc_conn *c, const void *data, size_t len, size_t *sent);
hc_status hc_getresponse(hc_conn *c, hr_response **out);
int32_t hr_status(const hr_response *r);
const char *hr_reason(const hr_response *r);
const char *hr_header(const hr_response *r, const char *name);
hc_status hr_read(hr_response *r, void *buf, size_t cap, size_t *n);
void hr_free(hr_response *r);
const char *hc_status_name(int32_t status);
const char *hc_strerror(int32_t status);
]]
local C = ffi.load("httpclient")

-- Errors are Lua's: tables, so that whoever catches one can ask for the name.
local Error = {__tostring = function(e) return e.name .. ": " .. e.text end}
local function check(status)
  if status ~= 0 then
    local e = {name = ffi.string(C.hc_status_name(status)), text = ffi.string(C.hc_strerror(status))}
    error(setmetatable(e, Error), 0)
  end
end

local function connect(host)
  local out = ffi.new("hc_conn *[1]")
  check(C.hc_new(host, 0, out))
  return ffi.gc(out[0], C.hc_free) -- freed with the last reference to it
end

local function getresponse(conn)
  local out = ffi.new("hr_response *[1]")
  check(C.hc_getresponse(conn, out))
  return ffi.gc(out[0], C.hr_free)
end

-- The pieces of a body, as they come.
local function pieces(resp)
  local buf, n = ffi.new("char[16384]"), ffi.new("size_t[1]")
  return function()
    check(C.hr_read(resp, buf, ffi.sizeof(buf), n))
    if n[0] > 0 then return ffi.string(buf, n[0]) end
  end
end

local function headers(map)
  local list, n = ffi.new("hc_header[8]"), 0
  for name, value in pairs(map) do
    list[n] = {name, #name, value, #value}
    n = n + 1
  end
  return list, n
end

local function fetch(conn)
  local wanted = {["X-Example"] = "lua", Accept = "*/*"} -- keeps the strings alive
  local list, count = headers(wanted)
  check(C.hc_request(conn, "GET", "/stream", list, count, nil, 0))
  local resp = getresponse(conn)
  print(("GET /stream: %d %s"):format(C.hr_status(resp), ffi.string(C.hr_reason(resp))))
  local answer = C.hr_header(resp, "x-answer")
  print("X-Answer: " .. (answer ~= nil and ffi.string(answer) or "none"))
  local total = 0
  for piece in pieces(resp) do total = total + #piece end
  print(("body: %d bytes"):format(total))
end

local function post(conn, body)
  check(C.hc_putrequest(conn, "POST", "/in", 0))
  check(C.hc_putheader(conn, "Content-Length", tostring(#body)))
  check(C.hc_endheaders(conn, nil, 0))
  check(C.hc_send(conn, body, #body, ffi.new("size_t[1]"))) -- all of it, as the connection waits
  local resp, parts = getresponse(conn), {}
  for piece in pieces(resp) do parts[#parts + 1] = piece end
  print(("POST /in: %d %s"):format(C.hr_status(resp), table.concat(parts)))
end

local conn = connect(arg[1])
fetch(conn)
post(conn, "hello")

local ok, e = pcall(function()
  check(C.hc_request(connect(arg[2]), "GET", "/", nil, 0, nil, 0))
end)
print("error: " .. (ok and "none" or e.name))
