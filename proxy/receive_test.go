package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// interimAnswers are n bytes of 103 answers.
func interimAnswers(n int) string {
	const head, end, each = "HTTP/1.1 103 Early Hints\r\nLink: ", "\r\n\r\n", 1024
	one := func(n int) string { return head + strings.Repeat("x", n-len(head+end)) + end }
	return strings.Repeat(one(each), n/each-1) + one(each+n%each)
}

// What follows interim answers is read however many of them came before, also
// where their end is the end of the buffer.
func TestFinalAnswerBehindABufferFullOfInterimOnes(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	forwarded := make(chan struct{})
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		for _, n := range [...]int{firstRead, bufferSize - firstRead} {
			_, _ = io.WriteString(c, interimAnswers(n))
			<-forwarded
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
		<-forwarded
	}()
	s := newServer(t, `
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: web}]
pools: [{name: web, backends: [{address: "`+ln.Addr().String()+`"}]}]
`, 1)
	client, err := net.DialTimeout("tcp", addressOf(s), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_ = client.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
	for _, n := range [...]int{firstRead, bufferSize - firstRead} {
		if _, err := io.ReadFull(client, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		forwarded <- struct{}{}
	}
	answer, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); string(body) != "late" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	close(forwarded)
}
