# Answers questions about header blocks, dates and addresses with Python 3's own modules. Each
# line of input is a kind and bytes in hex; each line of output is what Python says, in hex.
import codecs, email._parseaddr, email.utils, http.client, io, re, sys, warnings
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


def clear(text):
    # email escapes charset and language with the value they stand in, and forgets them.
    return text.replace('\\\\', '\\').replace('\\"', '"')


def parameter(word, name, value):
    if isinstance(value, tuple):
        charset, language, value = value
        told = 'none' if charset is None else 'is ' + clear(charset) + ' in ' + clear(language)
        put(word, name, value, 'extended', told)
    else:
        put(word, name, value, 'plain', 'none')


def is_understood(charset):
    try:
        return charset is None or codecs.lookup(charset).name in ('utf-8', 'ascii', 'iso8859-1')
    except LookupError:
        return False


def disposition(data):
    f = io.BytesIO(b'Content-Disposition: ' + data + b'\r\nContent-Type: ' + data + b'\r\n\r\n')
    m = http.client.parse_headers(f)
    try:
        for name, value in m.get_params(header='content-disposition')[1:]:
            parameter('param', name, value)
    except TypeError:
        # Numbers cannot be sorted among values without one.
        put('unsortable')
        return
    for name in 'filename', 'name', 'a':
        value = m.get_param(name, header='content-disposition')
        if value is not None:
            parameter('found', name, value)
    filename = m.get_param('filename', None, 'content-disposition')
    if filename is None:
        filename = m.get_param('name')
    for word, value, raw in (('filename', m.get_filename(), filename),
                             ('boundary', m.get_boundary(), m.get_param('boundary')),
                             ('charset', m.get_content_charset(), None)):
        # Text where a charset that is understood was named, bytes as they are elsewhere.
        known = isinstance(raw, tuple) and is_understood(raw[0])
        value = (value or '').encode('utf-8' if known else 'latin-1')
        print(word.encode().hex(), value.hex() or '-')


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
