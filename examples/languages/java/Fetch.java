// java -cp jna.jar Fetch.java HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error
// by its name.

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

public class Fetch {
    /** The functions, as they stand in httpclient.h. A size_t is a long on 64-bit machines. */
    interface C extends Library {
        C LIB = Native.load("httpclient", C.class);

        int hc_new(String host, int port, PointerByReference out);
        void hc_free(Pointer c);
        int hc_putrequest(Pointer c, String method, String target, int flags);
        int hc_putheader(Pointer c, String name, String value);
        int hc_endheaders(Pointer c, Pointer body, int flags);
        int hc_send(Pointer c, byte[] data, NativeLong len, long[] sent);
        int hc_getresponse(Pointer c, PointerByReference out);
        int hr_status(Pointer r);
        String hr_reason(Pointer r);
        String hr_header(Pointer r, String name);
        int hr_read(Pointer r, byte[] buf, NativeLong cap, long[] n);
        void hr_free(Pointer r);
        String hc_status_name(int status);
        String hc_strerror(int status);
    }

    static class HttpClientException extends IOException {
        final String name;

        HttpClientException(int status) {
            super(C.LIB.hc_strerror(status));
            name = C.LIB.hc_status_name(status);
        }
    }

    static void check(int status) throws HttpClientException {
        if (status != 0) throw new HttpClientException(status);
    }

    /** Freed by close(), as everything that try takes. */
    static class Connection implements AutoCloseable {
        private Pointer raw;

        Connection(String host) throws HttpClientException {
            PointerByReference out = new PointerByReference();
            check(C.LIB.hc_new(host, 0, out));
            raw = out.getValue();
        }

        Response request(String method, String target, Map<String, String> headers, byte[] body)
                throws HttpClientException {
            check(C.LIB.hc_putrequest(raw, method, target, 0));
            for (Map.Entry<String, String> h : headers.entrySet()) {
                check(C.LIB.hc_putheader(raw, h.getKey(), h.getValue()));
            }
            if (body != null) check(C.LIB.hc_putheader(raw, "Content-Length", String.valueOf(body.length)));
            check(C.LIB.hc_endheaders(raw, null, 0));
            if (body != null) check(C.LIB.hc_send(raw, body, new NativeLong(body.length), new long[1]));
            PointerByReference out = new PointerByReference();
            check(C.LIB.hc_getresponse(raw, out));
            return new Response(out.getValue());
        }

        @Override
        public void close() {
            C.LIB.hc_free(raw);
            raw = null;
        }
    }

    /** A response is its body's stream. */
    static class Response extends InputStream {
        private Pointer raw;

        Response(Pointer raw) {
            this.raw = raw;
        }

        int status() {
            return C.LIB.hr_status(raw);
        }

        String reason() {
            return C.LIB.hr_reason(raw);
        }

        String header(String name) {
            return C.LIB.hr_header(raw, name);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            byte[] piece = new byte[length];
            long[] n = new long[1];
            check(C.LIB.hr_read(raw, piece, new NativeLong(length), n));
            System.arraycopy(piece, 0, to, offset, (int) n[0]);
            return n[0] == 0 && length > 0 ? -1 : (int) n[0];
        }

        @Override
        public void close() {
            C.LIB.hr_free(raw);
            raw = null;
        }
    }

    public static void main(String[] args) throws IOException {
        try (Connection conn = new Connection(args[0])) {
            Map<String, String> headers = Map.of("X-Example", "java", "Accept", "*/*");
            try (Response resp = conn.request("GET", "/stream", headers, null)) {
                System.out.println("GET /stream: " + resp.status() + " " + resp.reason());
                System.out.println("X-Answer: " + resp.header("x-answer"));
                byte[] piece = new byte[16384];
                long total = 0;
                for (int n; (n = resp.read(piece)) > 0; ) total += n;
                System.out.println("body: " + total + " bytes");
            }
            byte[] body = "hello".getBytes(StandardCharsets.UTF_8);
            try (Response resp = conn.request("POST", "/in", Map.of("Content-Type", "text/plain"), body)) {
                String text = new String(resp.readAllBytes(), StandardCharsets.UTF_8);
                System.out.println("POST /in: " + resp.status() + " " + text);
            }
        }
        try (Connection conn = new Connection(args[1])) {
            conn.request("GET", "/", Map.of(), null).close();
        } catch (HttpClientException e) {
            System.out.println("error: " + e.name);
        }
    }
}
