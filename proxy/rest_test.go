package proxy

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// tunnelThrough returns both ends of a connection through a tcp listener.
func tunnelThrough(t *testing.T) (client, backend *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s := newServer(t, `
listeners: [{name: t, address: "127.0.0.1:0", protocol: tcp, pool: p}]
pools: [{name: p, protocol: tcp, backends: [{address: "`+ln.Addr().String()+`"}]}]
`, 1)
	c, err := net.Dial("tcp", addressOf(s))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); b.Close() })
	return c.(*net.TCPConn), b.(*net.TCPConn)
}

func TestTunnelPassesPiecesOfAllSizes(t *testing.T) {
	client, backend := tunnelThrough(t)
	var body []byte
	for len(body) < 6<<20 {
		body = append(body, byte(len(body)>>8), byte(len(body)>>16), byte(len(body)))
	}
	var both sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{client, backend}, {backend, client}} {
		from, to := way[0], way[1]
		sent := make(chan struct{})
		both.Go(func() {
			defer close(sent)
			for rest := body; len(rest) > 0; {
				n := min(len(rest), 1+rand.IntN(1<<rand.IntN(18))) // of one byte to beyond a buffer
				if _, err := from.Write(rest[:n]); err != nil {
					t.Error(err)
					return
				}
				rest = rest[n:]
			}
			from.CloseWrite()
		})
		both.Go(func() {
			var got []byte
			piece := make([]byte, 8<<10)
			for {
				n, err := to.Read(piece[:1+rand.IntN(len(piece))])
				got = append(got, piece[:n]...)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
			<-sent
			if !bytes.Equal(got, body) {
				t.Errorf("%d bytes came, of %d", len(got), len(body))
			}
		})
	}
	both.Wait()
}

// The last small piece that goes into a full tunnel is taken in part only.
func TestTunnelAtRestLosesNothingWhenItIsFull(t *testing.T) {
	client, backend := tunnelThrough(t)
	backend.SetReadBuffer(64 << 10)
	var sent []byte
	for full := false; !full; time.Sleep(20 * time.Microsecond) {
		client.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		piece := bytes.Repeat([]byte{byte(len(sent) >> 12)}, 4001)
		n, err := client.Write(piece)
		sent = append(sent, piece[:n]...)
		full = err != nil
	}
	client.CloseWrite()
	if got, err := io.ReadAll(backend); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came, of %d; %v", len(got), len(sent), err)
	}
}

func TestTunnelAtRestCarriesOnAHalfClose(t *testing.T) {
	client, backend := tunnelThrough(t)
	echo := func(from, to net.Conn, text string) {
		t.Helper()
		got := make([]byte, len(text))
		if _, err := io.WriteString(from, text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
			t.Fatalf("%q, %v", got, err)
		}
	}
	for range 3 {
		echo(client, backend, "question")
		echo(backend, client, "answer")
	}
	client.CloseWrite()
	if n, err := backend.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("the end of the client's direction is %d, %v", n, err)
	}
	echo(backend, client, "a late word")
	backend.CloseWrite()
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("the end of the backend's direction is %d, %v", n, err)
	}
}

func TestTunnelAtRestEndsWithAReset(t *testing.T) {
	client, backend := tunnelThrough(t)
	if _, err := io.WriteString(client, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(backend, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	client.SetLinger(0)
	client.Close()
	if n, err := backend.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("a reset became %d, %v", n, err)
	}
}
