#!/usr/bin/perl
# perl fetch.pl HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its name.
use strict;
use warnings;

package HttpClient {
    use FFI::Platypus 1.00;

    my $ffi = FFI::Platypus->new( api => 1, lib => 'libhttpclient.so.0' );

    # The functions, as they stand in httpclient.h. A handle is an opaque pointer.
    $ffi->attach( hc_new         => [ 'string', 'sint32', 'opaque*' ]           => 'sint32' );
    $ffi->attach( hc_free        => ['opaque']                                  => 'void' );
    $ffi->attach( hc_putrequest  => [ 'opaque', 'string', 'string', 'uint32' ]  => 'sint32' );
    $ffi->attach( hc_putheader   => [ 'opaque', 'string', 'string' ]            => 'sint32' );
    $ffi->attach( hc_endheaders  => [ 'opaque', 'opaque', 'uint32' ]            => 'sint32' );
    $ffi->attach( hc_send        => [ 'opaque', 'string', 'size_t', 'size_t*' ] => 'sint32' );
    $ffi->attach( hc_getresponse => [ 'opaque', 'opaque*' ]                     => 'sint32' );
    $ffi->attach( hr_status      => ['opaque']                                  => 'sint32' );
    $ffi->attach( hr_reason      => ['opaque']                                  => 'string' );
    $ffi->attach( hr_header      => [ 'opaque', 'string' ]                      => 'string' );
    $ffi->attach( hr_read        => [ 'opaque', 'opaque', 'size_t', 'size_t*' ] => 'sint32' );
    $ffi->attach( hr_free        => ['opaque']                                  => 'void' );
    $ffi->attach( hc_status_name => ['sint32']                                  => 'string' );
    $ffi->attach( hc_strerror    => ['sint32']                                  => 'string' );

    # Errors are objects: $@->{name} is HC_ERR_...
    sub check {
        my ($status) = @_;
        return if $status == 0;
        die bless {
            name => hc_status_name($status),
            text => hc_strerror($status)
        }, 'HttpClient::Error';
    }
}

package HttpClient::Error {
    use overload '""' => sub { "$_[0]{name}: $_[0]{text}" }, fallback => 1;
}

package HttpClient::Connection {

    sub new {
        my ( $class, $host ) = @_;
        my $raw;
        HttpClient::check( HttpClient::hc_new( $host, 0, \$raw ) );
        return bless { raw => $raw }, $class;
    }

    # Freed with the last reference to it.
    sub DESTROY { HttpClient::hc_free( $_[0]{raw} ) }

    sub request {
        my ( $self, $method, $target, $headers, $body ) = @_;
        my $c = $self->{raw};
        HttpClient::check( HttpClient::hc_putrequest( $c, $method, $target, 0 ) );
        my %all = %{ $headers // {} };
        $all{'Content-Length'} = length $body if defined $body;
        HttpClient::check( HttpClient::hc_putheader( $c, $_, $all{$_} ) ) for sort keys %all;
        HttpClient::check( HttpClient::hc_endheaders( $c, undef, 0 ) );
        my $sent = 0;    # all of it, as the connection waits
        HttpClient::check( HttpClient::hc_send( $c, $body, length $body, \$sent ) ) if defined $body;
        my $raw;
        HttpClient::check( HttpClient::hc_getresponse( $c, \$raw ) );
        return bless { raw => $raw }, 'HttpClient::Response';
    }
}

package HttpClient::Response {
    use FFI::Platypus::Buffer qw( scalar_to_buffer );

    sub DESTROY { HttpClient::hr_free( $_[0]{raw} ) }
    sub status  { HttpClient::hr_status( $_[0]{raw} ) }
    sub reason  { HttpClient::hr_reason( $_[0]{raw} ) }
    sub header  { HttpClient::hr_header( $_[0]{raw}, $_[1] ) }

    # The next bytes of the body, as they come; undef at its end.
    sub read {
        my ($self) = @_;
        my $buffer = "\0" x 16384;
        my ( $pointer, $room ) = scalar_to_buffer $buffer;
        my $n = 0;
        HttpClient::check( HttpClient::hr_read( $self->{raw}, $pointer, $room, \$n ) );
        return $n ? substr( $buffer, 0, $n ) : undef;
    }
}

package main;

my ( $host, $refusing ) = @ARGV;
my $conn = HttpClient::Connection->new($host);
{
    my $resp = $conn->request( GET => '/stream', { 'X-Example' => 'perl', Accept => '*/*' } );
    print 'GET /stream: ', $resp->status, ' ', $resp->reason, "\n";
    print 'X-Answer: ', $resp->header('x-answer') // 'none', "\n";
    my $total = 0;
    while ( defined( my $piece = $resp->read ) ) { $total += length $piece }
    print "body: $total bytes\n";
}
{
    my $resp = $conn->request( POST => '/in', { 'Content-Type' => 'text/plain' }, 'hello' );
    my $body = '';
    while ( defined( my $piece = $resp->read ) ) { $body .= $piece }
    print 'POST /in: ', $resp->status, " $body\n";
}
eval { HttpClient::Connection->new($refusing)->request( GET => '/' ); 1 }
  or print 'error: ', ( ref $@ ? $@->{name} : $@ ), "\n";
