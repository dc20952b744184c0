// fetch HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its name.
package main

/*
#cgo pkg-config: httpclient
#include <stdlib.h>
#include <httpclient.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"unsafe"
)

// Error is a status of the library below 0.
type Error struct{ status C.int32_t }

func (e Error) Error() string { return C.GoString(C.hc_strerror(e.status)) }

// Name is "HC_ERR_CONNECT" and the like.
func (e Error) Name() string { return C.GoString(C.hc_status_name(e.status)) }

func check(status C.hc_status) error {
	if status == C.HC_OK {
		return nil
	}
	return Error{C.int32_t(status)}
}

// Conn is a connection; Close frees it.
type Conn struct{ raw *C.hc_conn }

func Dial(host string) (*Conn, error) {
	c := &Conn{}
	name := C.CString(host)
	defer C.free(unsafe.Pointer(name))
	return c, check(C.hc_new(name, 0, &c.raw))
}

func (c *Conn) Close() { C.hc_free(c.raw); c.raw = nil }

// PutHeader adds a field to the request that was begun.
func (c *Conn) PutHeader(name, value string) error {
	n, v := C.CString(name), C.CString(value)
	defer C.free(unsafe.Pointer(n))
	defer C.free(unsafe.Pointer(v))
	return check(C.hc_putheader(c.raw, n, v))
}

// Request sends a request and reads the head of the answer.
func (c *Conn) Request(method, target string, headers map[string]string, body []byte) (*Response, error) {
	m, t := C.CString(method), C.CString(target)
	defer C.free(unsafe.Pointer(m))
	defer C.free(unsafe.Pointer(t))
	if err := check(C.hc_putrequest(c.raw, m, t, 0)); err != nil {
		return nil, err
	}
	for name, value := range headers {
		if err := c.PutHeader(name, value); err != nil {
			return nil, err
		}
	}
	if body != nil {
		if err := c.PutHeader("Content-Length", strconv.Itoa(len(body))); err != nil {
			return nil, err
		}
	}
	if err := check(C.hc_endheaders(c.raw, nil, 0)); err != nil {
		return nil, err
	}
	if len(body) > 0 {
		// The bytes are used during the call only, so Go's own memory will do.
		var sent C.size_t // all of them, as the connection waits
		if err := check(C.hc_send(c.raw, unsafe.Pointer(&body[0]), C.size_t(len(body)), &sent)); err != nil {
			return nil, err
		}
	}
	r := &Response{}
	if err := check(C.hc_getresponse(c.raw, &r.raw)); err != nil {
		return nil, err
	}
	return r, nil
}

// Response is the io.ReadCloser of its body.
type Response struct{ raw *C.hr_response }

func (r *Response) Status() int    { return int(C.hr_status(r.raw)) }
func (r *Response) Reason() string { return C.GoString(C.hr_reason(r.raw)) }
func (r *Response) Close() error   { C.hr_free(r.raw); r.raw = nil; return nil }

func (r *Response) Header(name string) string {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return C.GoString(C.hr_header(r.raw, n)) // "" for NULL
}

func (r *Response) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var n C.size_t
	if err := check(C.hr_read(r.raw, unsafe.Pointer(&p[0]), C.size_t(len(p)), &n)); err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, io.EOF
	}
	return int(n), nil
}

func run(host string) error {
	conn, err := Dial(host)
	if err != nil {
		return err
	}
	defer conn.Close()
	resp, err := conn.Request("GET", "/stream", map[string]string{"X-Example": "go", "Accept": "*/*"}, nil)
	if err != nil {
		return err
	}
	fmt.Printf("GET /stream: %d %s\n", resp.Status(), resp.Reason())
	fmt.Printf("X-Answer: %s\n", resp.Header("x-answer"))
	total, err := io.Copy(io.Discard, resp)
	resp.Close()
	if err != nil {
		return err
	}
	fmt.Printf("body: %d bytes\n", total)
	resp, err = conn.Request("POST", "/in", map[string]string{"Content-Type": "text/plain"}, []byte("hello"))
	if err != nil {
		return err
	}
	defer resp.Close()
	text, err := io.ReadAll(resp)
	fmt.Printf("POST /in: %d %s\n", resp.Status(), text)
	return err
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	conn, err := Dial(os.Args[2])
	if err == nil {
		_, err = conn.Request("GET", "/", nil, nil)
		conn.Close()
	}
	var e Error
	if errors.As(err, &e) {
		fmt.Println("error:", e.Name())
	}
}
