#!/usr/bin/perl
# A SOCKS 4A proxy whose protocol is Perl's IO::Socket::Socks: what it looks like from the other end.
#   socks4a.pl PORT [USER]
use strict;
use warnings;
use IO::Select;
use IO::Socket::Socks qw(:constants $SOCKS_ERROR);

my ($port, $user) = @ARGV;
my $server = IO::Socket::Socks->new(
    SocksVersion => 4, SocksResolve => 1, ProxyAddr => '127.0.0.1', ProxyPort => $port, Listen => 10,
    defined $user ? (UserAuth => sub { ($_[0] // '') eq $user }) : ()) or die $SOCKS_ERROR;
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';

while () {
    my $client = $server->accept() or next;
    next if fork();
    my ($command, $host, $to) = @{$client->command()};
    my $origin = $command == CMD_CONNECT && IO::Socket::INET->new(PeerHost => $host, PeerPort => $to, Timeout => 10);
    if (!$origin) {
        $client->command_reply(REQUEST_FAILED, '0.0.0.0', 0);
        exit 0;
    }
    $client->command_reply(REQUEST_GRANTED, $origin->sockhost, $origin->sockport);
    my $both = IO::Select->new($client, $origin);
    while () {
        for my $from ($both->can_read()) {
            my $to = $from == $client ? $origin : $client;
            exit 0 if !$from->sysread(my $data, 65536);
            while (length $data) {
                my $n = $to->syswrite($data) or exit 0;
                substr($data, 0, $n, '');
            }
        }
    }
}
