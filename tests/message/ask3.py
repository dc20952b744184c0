# Answers questions about header blocks, dates and addresses with Python 3's own modules. Each
# line of input is a kind and bytes in hex; each line of output is what Python says, in hex.
import email._parseaddr, email.utils, http.client, io, re, sys, warnings
warnings.simplefilter('ignore')

KNOWN = ('MissingHeaderBodySeparatorDefect', 'FirstHeaderLineIsContinuationDefect',
         'MisplacedEnvelopeHeaderDefect', 'InvalidHeaderDefect')


def put(*texts):
    print(' '.join(t.encode('latin-1').hex() or '-' for t in texts))


def plain(value):
    # How blanks stand around a fold is not compared.
    return re.sub('[ \t]*\r?\n[ \t]*', '\n', value).strip(' \t\r\n')


def block(data):
    http.client._MAXHEADERS = 10000
    m = http.client.parse_headers(io.BytesIO(data))
    put('count', str(len(m)))
    for name, value in m.items():
        put('field', name, plain(value))
    names = [type(d).__name__ for d in m.defects]
    put('defects', *sorted(n for n in names if n in KNOWN))
    put('from', m.get_unixfrom() or '')


def kind(data):
    m = http.client.parse_headers(io.BytesIO(b'Content-Type: ' + data + b'\r\n\r\n'))
    put('type', m.get_content_type(), m.get_content_maintype(), m.get_content_subtype())
    put('charset', m.get_content_charset() or '')
    for name, value in m.get_params()[1:]:
        put('param', name, value)


def date(data):
    t = email._parseaddr._parsedate_tz(data.decode('latin-1'))
    if t is None:
        put('none')
    else:
        seconds = email.utils.mktime_tz(tuple(t[:9]) + (t[9] or 0,)) if t[0] >= 0 else 0
        put('date', *map(str, t[:6]), str(t[9]), str(seconds))


def people(data):
    found = email._parseaddr.AddressList(data.decode('latin-1').strip(' \t')).addresslist
    for name, address in found:
        if name or address:
            put('address', name, address)


for line in sys.stdin.read().splitlines():
    what, data = line.split(' ')
    try:
        globals()[what](bytes.fromhex(data))
    except (ValueError, IndexError, OverflowError, RecursionError) as e:
        put('raised', type(e).__name__)
    print('.')
