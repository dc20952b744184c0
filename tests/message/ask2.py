# The same for Python 2.7: httplib, mimetools and rfc822.
import StringIO, httplib, rfc822, sys, warnings
warnings.simplefilter('ignore')
httplib._MAXHEADERS = 10000


def put(*texts):
    print ' '.join(t.encode('hex') or '-' for t in texts)


def read(data):
    return httplib.HTTPMessage(StringIO.StringIO(data), 0)


def show(m):
    put('count', str(len(m)))
    for name in sorted(m.keys()):
        put('item', name, m[name])


def block(data):
    m = read(data)
    show(m)
    for line in m.headers:
        put('line', line)
    put('status', m.status)
    put('from', m.unixfrom)
    for name in sorted(m.keys()):
        put('all', *m.getallmatchingheaders(name))
        put('first', *m.getfirstmatchingheader(name))
        put('raw', m.getrawheader(name))
        put('values', *m.getheaders(name))
    for line in data.splitlines(True):
        put('look', str(m.isheader(line)), str(bool(m.islast(line))))


def kind(data):
    m = read('Content-Type: ' + data + '\r\n\r\n')
    put('type', m.gettype(), m.getmaintype(), m.getsubtype())
    put('plist', m.plisttext, *m.getplist())
    put('names', *m.getparamnames())
    for name in ('a', 'charset'):
        put('param', str(m.getparam(name)))
    put('encoding', m.getencoding())


def date(data):
    t = read('Date: ' + data + '\r\n\r\n').getdate_tz('date')
    if t is None:
        put('none')
    else:
        put('date', *map(str, t[:6] + t[9:]))


def changes(data):
    # One change a line: what, name, value.
    m = read('A: 1\r\nB: 2\r\na: 3\r\nC: 4\r\n\r\n')
    for line in data.split('\n'):
        what, name, value = line.split('|')
        if what == 'set':
            m[name] = value
        elif what == 'del':
            del m[name]
        elif what == 'default':
            put('default', m.setdefault(name, value))
        elif what == 'join':
            m.addheader(name.lower(), value)
        elif name in m:
            m.addcontinue(name.lower(), value)
    show(m)


for line in sys.stdin.read().splitlines():
    what, data = line.split(' ')
    try:
        globals()[what](data.decode('hex'))
    except (ValueError, IndexError, OverflowError) as e:
        put('raised', type(e).__name__)
    print '.'
