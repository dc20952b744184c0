# ruby fetch.rb HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its name.
require "fiddle/import"

module HttpClient
  # The functions, as they stand in httpclient.h.
  module C
    extend Fiddle::Importer
    dlload "libhttpclient.so.0"
    typealias "hc_status", "int"
    typealias "int32_t", "int"
    typealias "uint32_t", "unsigned int"
    extern "hc_status hc_new(char *host, int32_t port, void *out)"
    extern "void hc_free(void *c)"
    extern "hc_status hc_putrequest(void *c, char *method, char *target, uint32_t flags)"
    extern "hc_status hc_putheader(void *c, char *name, char *value)"
    extern "hc_status hc_endheaders(void *c, void *body, uint32_t flags)"
    extern "hc_status hc_send(void *c, void *data, size_t len, void *sent)"
    extern "hc_status hc_getresponse(void *c, void *out)"
    extern "int32_t hr_status(void *r)"
    extern "char *hr_reason(void *r)"
    extern "char *hr_header(void *r, char *name)"
    extern "hc_status hr_read(void *r, void *buf, size_t cap, void *n)"
    extern "void hr_free(void *r)"
    extern "char *hc_status_name(int32_t status)"
    extern "char *hc_strerror(int32_t status)"
  end

  class Error < StandardError
    attr_reader :name

    def initialize(status)
      @name = C.hc_status_name(status).to_s
      super(C.hc_strerror(status).to_s)
    end
  end

  def self.check(status)
    raise Error, status unless status.zero?
  end

  # A handle that a call writes to its last argument.
  def self.handle
    out = "\0" * Fiddle::SIZEOF_VOIDP
    check(yield(out))
    out.unpack1("J")
  end

  class Connection
    # With a block, as File.open: freed at its end.
    def self.open(host)
      conn = new(host)
      yield conn
    ensure
      conn&.free
    end

    def initialize(host)
      @raw = HttpClient.handle { |out| C.hc_new(host, 0, out) }
    end

    def free
      C.hc_free(@raw)
      @raw = nil
    end

    def request(method, target, headers: {}, body: nil)
      HttpClient.check(C.hc_putrequest(@raw, method, target, 0))
      headers = headers.merge("Content-Length" => body.bytesize) if body
      headers.each { |name, value| HttpClient.check(C.hc_putheader(@raw, name, value.to_s)) }
      HttpClient.check(C.hc_endheaders(@raw, nil, 0))
      # All of it, as the connection waits.
      HttpClient.check(C.hc_send(@raw, body, body.bytesize, "\0" * Fiddle::SIZEOF_SIZE_T)) if body
      response = Response.new(HttpClient.handle { |out| C.hc_getresponse(@raw, out) })
      begin
        yield response
      ensure
        response.free
      end
    end
  end

  class Response
    def initialize(raw)
      @raw = raw
    end

    def free
      C.hr_free(@raw)
      @raw = nil
    end

    def status
      C.hr_status(@raw)
    end

    def reason
      C.hr_reason(@raw).to_s
    end

    def [](name)
      value = C.hr_header(@raw, name)
      value.null? ? nil : value.to_s
    end

    # The body, as it comes.
    def each_piece
      buffer = "\0" * 16_384
      count = "\0" * Fiddle::SIZEOF_SIZE_T
      loop do
        HttpClient.check(C.hr_read(@raw, buffer, buffer.bytesize, count))
        n = count.unpack1("J")
        return if n.zero?

        yield buffer.byteslice(0, n)
      end
    end

    def read
      enum_for(:each_piece).to_a.join
    end
  end
end

host, refusing = ARGV
HttpClient::Connection.open(host) do |conn|
  conn.request("GET", "/stream", headers: { "X-Example" => "ruby", "Accept" => "*/*" }) do |resp|
    puts "GET /stream: #{resp.status} #{resp.reason}"
    puts "X-Answer: #{resp['x-answer']}"
    total = 0
    resp.each_piece { |piece| total += piece.bytesize }
    puts "body: #{total} bytes"
  end
  conn.request("POST", "/in", headers: { "Content-Type" => "text/plain" }, body: "hello") do |resp|
    puts "POST /in: #{resp.status} #{resp.read}"
  end
end

begin
  HttpClient::Connection.open(refusing) { |conn| conn.request("GET", "/") {} }
rescue HttpClient::Error => e
  puts "error: #{e.name}"
end
