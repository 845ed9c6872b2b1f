package tlsconn

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"net"
	"strings"
	"testing"
)

// A recordWriter protects records itself, as TLS_AES_128_GCM_SHA256 does, so
// that it can send what crypto/tls never sends (RFC 8446 5.2, 7.1-7.3).
type recordWriter struct {
	t        testing.TB
	socket   net.Conn
	secret   []byte
	aead     cipher.AEAD
	iv       []byte
	sequence uint64
}

// rawConnect connects a server of the loop with a client whose records the test makes.
// The client still reads by crypto/tls; it must not write.
func (b *bench) rawConnect() (*Conn, *peer, *recordWriter) {
	b.Helper()
	under, socket := b.sockets()
	var keys bytes.Buffer
	config := b.client.Clone()
	config.KeyLogWriter = &keys
	p := &peer{Conn: tls.Client(socket, config), socket: socket}
	var c *Conn
	b.onLoop(func() { c = b.worker.Server(under, b.server, nil) })
	b.handshake(c, p)
	if suite := p.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		b.Fatalf("the test needs a processor that prefers AES-GCM; the suite is %s", tls.CipherSuiteName(suite))
	}
	for line := range strings.Lines(keys.String()) {
		if words := strings.Fields(line); words[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(words[2])
			if err != nil {
				b.Fatal(err)
			}
			w := &recordWriter{t: b, socket: socket}
			w.use(secret)
			return c, p, w
		}
	}
	b.Fatal("no secret was logged")
	return nil, nil, nil
}

func (w *recordWriter) expand(label string, length int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label...)
	info = append(info, 0)
	key, err := hkdf.Expand(sha256.New, w.secret, string(info), length)
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

func (w *recordWriter) use(secret []byte) {
	w.secret = secret
	block, err := aes.NewCipher(w.expand("key", 16))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.aead, err = cipher.NewGCM(block); err != nil {
		w.t.Fatal(err)
	}
	w.iv = w.expand("iv", 12)
	w.sequence = 0
}

func (w *recordWriter) seal(kind byte, payload []byte) []byte {
	nonce := bytes.Clone(w.iv)
	for i := range 8 {
		nonce[4+i] ^= byte(w.sequence >> (56 - 8*i))
	}
	w.sequence++
	inner := append(bytes.Clone(payload), kind)
	record := []byte{23, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(record[3:], uint16(len(inner)+w.aead.Overhead()))
	return w.aead.Seal(record, nonce, inner, record)
}

const (
	applicationData = 23
	handshakeData   = 22
)

// keyUpdate makes a KeyUpdate that asks for one in return.
func (w *recordWriter) keyUpdate() []byte {
	record := w.seal(handshakeData, []byte{24, 0, 0, 1, 1})
	w.use(w.expand("traffic upd", 32))
	return record
}

func (w *recordWriter) send(records ...[]byte) {
	w.t.Helper()
	if _, err := w.socket.Write(bytes.Join(records, nil)); err != nil {
		w.t.Errorf("raw peer: %v", err)
	}
}
