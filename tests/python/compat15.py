# Python 2.7's httplib.HTTP on one answer after the other: what it sends, what getreply gives, and
# what its file gives. Each line of the input has an answer, in hex, and what is read of it: rN is
# read(N), a is read(), l is readline(), L is readlines().
import binascii, httplib, socket, sys

def shown(data):
    return binascii.hexlify(data)

def step(f, op):
    if op == 'a':
        return shown(f.read())
    if op == 'l':
        return shown(f.readline())
    if op == 'L':
        return '|'.join([shown(line) for line in f.readlines()])
    return shown(f.read(int(op[1:])))

def outcome(answer, ops):
    ours, theirs = socket.socketpair()
    theirs.sendall(answer)
    theirs.shutdown(socket.SHUT_WR)
    h = httplib.HTTP('example.test')
    h._conn.sock = ours
    h.putrequest('GET', '/x')
    h.putheader('Accept', 'text/html')
    h.endheaders()
    try:
        status, reason, headers = h.getreply()
    except httplib.HTTPException as e:
        return 'raised ' + e.__class__.__name__
    sent = theirs.recv(4096)
    parts = [shown(sent), str(status), shown(reason)]
    if status == -1:
        assert headers is None
        return ' '.join(parts)
    parts.append(shown(''.join(headers.headers)))
    return ' '.join(parts + [step(h.getfile(), op) for op in ops])

lines = [line.split('\t') for line in sys.stdin.read().splitlines()]
for answer, ops in lines:
    print outcome(binascii.unhexlify(answer), ops.split(','))
