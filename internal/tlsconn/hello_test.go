package tlsconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// clientHello is what crypto/tls sends first.
func clientHello(t testing.TB, config *tls.Config) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() { _ = tls.Client(theirs, config).Handshake(); theirs.Close() }()
	header := make([]byte, recordHeader)
	if _, err := io.ReadFull(ours, header); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(header[3])<<8|int(header[4]))
	if _, err := io.ReadFull(ours, body); err != nil {
		t.Fatal(err)
	}
	return append(header, body...)
}

// fragmented divides a record into records of at most n bytes.
func fragmented(record []byte, n int) []byte {
	var p []byte
	for part := range slices.Chunk(record[recordHeader:], n) {
		p = append(p, record[0], record[1], record[2], byte(len(part)>>8), byte(len(part)))
		p = append(p, part...)
	}
	return p
}

var helloConfigs = map[string]*tls.Config{
	"name and protocols": {ServerName: "db.example.com", NextProtos: []string{HTTP2, HTTP1}},
	"name":               {ServerName: "db.example.com"},
	"address":            {ServerName: "10.0.0.1", NextProtos: []string{HTTP1}},
	"no name":            {InsecureSkipVerify: true},
	"TLS 1.2":            {ServerName: "old.example.com", MaxVersion: tls.VersionTLS12},
}

func TestParseClientHello(t *testing.T) {
	for name, config := range helloConfigs {
		record := clientHello(t, config)
		for _, n := range []int{1 << 14, 700, 100, 20} {
			p := fragmented(record, n)
			for i := range p {
				if _, state, err := ParseClientHello(p[:i]); state != Incomplete || err != nil {
					t.Fatalf("%s: %d of %d bytes: %v, %v", name, i, len(p), state, err)
				}
			}
			h, state, err := ParseClientHello(append(p, "what follows"...))
			want := config.ServerName
			if net.ParseIP(want) != nil {
				want = ""
			}
			if state != Complete || err != nil || h.ServerName != want || !slices.Equal(h.Protocols, config.NextProtos) {
				t.Errorf("%s in records of %d: %+v, %v, %v", name, n, h, state, err)
			}
		}
	}
}

func TestParseClientHelloRefuses(t *testing.T) {
	record := clientHello(t, helloConfigs["name"])
	for name, test := range map[string]struct {
		p    []byte
		want error // nil: nothing like TLS
	}{
		"http":               {[]byte("GET / HTTP/1.1\r\n"), nil},
		"one byte":           {[]byte("G"), nil},
		"SSL 2":              {[]byte{0x80, 0x2e, 1, 3, 1}, nil},
		"version":            {[]byte{22, 2, 1, 0, 1, 1}, nil},
		"server hello":       {[]byte{22, 3, 1, 0, 4, 2, 0, 0, 0}, errHelloMessage},
		"empty record":       {[]byte{22, 3, 1, 0, 0}, errHelloRecord},
		"large record":       {[]byte{22, 3, 1, 0x40, 1}, errHelloRecord},
		"large message":      {[]byte{22, 3, 1, 0, 10, 1, 1, 0, 0}, errHelloTooLarge},
		"alert between":      {append(fragmented(record, 100)[:105], 21, 3, 1, 0, 2, 1, 0), errHelloRecord},
		"too many records":   {fragmented(record, 1), errHelloFragments},
		"empty message":      {[]byte{22, 3, 1, 0, 4, 1, 0, 0, 0}, errHelloMessage},
		"too much in all":    {fragmented(append([]byte{22, 3, 1, 0, 0, 1, 0, 0xff, 0xf0}, make([]byte, 0xfff0)...), 1<<14)[:MaxHello], errHelloTooLarge},
		"surplus in message": {grown(record), errHelloMessage},
	} {
		if _, state, err := ParseClientHello(test.p); state != NotTLS || !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %v; want %v", name, state, err, test.want)
		}
	}
}

// grown has a byte behind the extensions.
func grown(record []byte) []byte {
	p := append(bytes.Clone(record), 0)
	add := func(at int) {
		n := int(p[at])<<8 | int(p[at+1]) + 1
		p[at], p[at+1] = byte(n>>8), byte(n)
	}
	add(3) // of the record
	add(7) // of the message
	return p
}

// asSeenBy tells what crypto/tls makes of the bytes; nil: it has seen no ClientHello.
func asSeenBy(p []byte) *tls.ClientHelloInfo {
	var seen *tls.ClientHelloInfo
	config := &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		seen = h
		return nil, errors.New("enough")
	}}
	_ = tls.Server(&replay{Reader: bytes.NewReader(p)}, config).HandshakeContext(context.Background())
	return seen
}

// A replay is a connection from which p is read, and nothing more.
type replay struct {
	io.Reader
	net.Conn
}

func (r *replay) Read(p []byte) (int, error)       { return r.Reader.Read(p) }
func (r *replay) Write(p []byte) (int, error)      { return len(p), nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }

func FuzzParseClientHello(f *testing.F) {
	for _, config := range helloConfigs {
		record := clientHello(f, config)
		f.Add(record)
		f.Add(fragmented(record, 50))
		f.Add(record[:len(record)/2])
		f.Add(grown(record))
	}
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		h, state, err := ParseClientHello(p)
		if state != NotTLS && err != nil {
			t.Errorf("state %v with %v", state, err)
		}
		// What was decided stands when more comes; what came before was undecided or the same.
		if state != Incomplete {
			if more, again, _ := ParseClientHello(append(bytes.Clone(p), 22, 3, 1)); again != state || more.ServerName != h.ServerName {
				t.Errorf("%v, %+v with more", again, more)
			}
		} else if len(p) >= MaxHello {
			t.Error("no bound")
		}
		seen := asSeenBy(p)
		switch {
		case seen != nil && state == Complete:
			if seen.ServerName != h.ServerName || !slices.Equal(seen.SupportedProtos, h.Protocols) {
				t.Errorf("%q %q; crypto/tls: %q %q", h.ServerName, h.Protocols, seen.ServerName, seen.SupportedProtos)
			}
		case seen != nil && (state == Incomplete || errors.Is(err, errHelloMessage)):
			t.Errorf("%v, %v; crypto/tls has read it: %q", state, err, seen.ServerName)
		}
	})
}
