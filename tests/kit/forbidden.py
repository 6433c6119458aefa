"""Addresses no receiver may have, and the ways there are of writing one so that a careless reader does not see it."""

# The vectors of Svix's guard, and one or two of each further class that it blocks: 39.
ADDRESSES = [
    *("10.254.0.0", "192.168.10.65", "172.16.10.65", "0.1.2.3", "0.0.0.0", "127.0.0.1", "169.254.45.1"),
    *("255.255.255.255", "192.0.2.255", "198.51.100.65", "203.0.113.6", "100.100.0.0", "192.0.0.0", "192.0.0.255"),
    *("250.10.20.30", "198.18.0.0", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.1"),
    *("224.0.0.1", "239.255.255.250", "192.88.99.1", "240.0.0.1", "100.64.0.1", "198.19.255.255", "172.31.255.255"),
    *("169.254.169.254", "::", "ff02::1", "fe80::1", "fc00::1", "fd00:ec2::254", "2001:db8::1", "2001::1"),
    *("2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "5f00::1", "3fff::1"),
]

# Hosts that lead to this machine for one reader or another; every address of theirs is on the list of the test.
HOSTS = [
    *("0177.0.0.1", "0177.0.0.01", "00000177.0.0.1", "0177.1", "0o177.0.0.1", "017700000001", "127.0.0.01"),  # octal
    *("127.000.000.001", "0251.0376.0251.0376", "0x7f.0.0.01", "0177.0x0.0.1"),
    *("2130706433", "127.1", "127.0.1", "127.65535", "2852039166", "169.254.43518", "6425673729", "383.0.0.1", "0"),
    *("0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "0x7f.0.0.1", "0X7F000001", "0x00000000007f000001", "7f000001"),
    *("0xa9fea9fe", "0x7f.0.1"),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
    *("[0:0:0:0:0:ffff:127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[::ffff:0:127.0.0.1]", "[fe80::1%25lo]"),
    *("[fe80::1%lo]", "[::1%25lo]", "[::ffff:169.254.169.254]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "::1"),
    *("[127.0.0.1]", "127.0.0.1", "127.0.0.1.", "127.0.0.1..", "127.127.127.127", "localhost", "localhost."),
    *("LOCALHOST", "localhost.localdomain", "ip6-localhost", "127.0.0.1.nip.example", "unlisted.example"),
    *("１２７.0.0.1", "１２７．０．０．１", "127。0。0。1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "١٢٧.٠.٠.١"),
    *("127.0.0.\u200b1", "loc\u00adalhost", "127.0.0.1\u3000", "listed.exämple", "ｌisted.example", "127.0.0.１"),
    *("ok@127.0.0.1", "ok:ok@127.0.0.1", "listed.example:80@127.0.0.1", "listed.example%40@127.0.0.1", "@127.0.0.1"),
    *("listed.example\\@127.0.0.1", "127.0.0.1\\", "127.0.0.1\\@listed.example", "127.0.0.1\\.listed.example"),
    *(" 127.0.0.1", "127.0.0.1 ", "127.0.0.1\t", "127.0.0.1\n", "127.0.0.1\r\nX-Forged: 1", "127.0.0.1\x01"),
    *(
        "127.0.0.1#.listed.example",
        "listed.example#@127.0.0.1",
        "127.0.0.1?.listed.example",
        "127.0.0.1;listed.example",
    ),
    *("%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%2f.listed.example", "127.0.0.1%00.listed.example"),
    *("[%3a%3a1]", "127.0.0.1&listed.example", "127.0.0.1,listed.example"),
    *("", ".", "-", "[", "[]", "[::1", "::1]"),
]

# The whole written otherwise; {port} is that of a listener that must never be met.
URLS = [
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:////127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:/\\127.0.0.1:{port}/",
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/ ",
    "\thttp://127.0.0.1:{port}/",
    "ht\ttp://127.0.0.1:{port}/",
    "hTTp://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/#@listed.example",
    "http://127.0.0.1:{port}/\\..\\",
    "http://127.0.0.1:{port}/\r\nHost: listed.example",
    "http://127.0.0.1:0{port}/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1:{port}:80/",
    "http://127.0.0.1:/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:８０/",
    "gopher://127.0.0.1:{port}/_POST",
    "dict://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "file:///etc/hosts",
    "unix:///run/postgresql/.s.PGSQL.5432",
    "http+unix://%2frun%2fdocker.sock/",
    "data:text/plain,x",
    "jar:http://127.0.0.1:{port}!/",
    "url:http://127.0.0.1:{port}/",
    "",
]


def encodings(port: int) -> list[str]:
    return [f"http://{host}:{port}/" for host in HOSTS] + [url.format(port=port) for url in URLS]


def plainly(port: int) -> list[str]:
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/" for host in ADDRESSES]
