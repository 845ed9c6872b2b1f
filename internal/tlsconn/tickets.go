package tlsconn

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"sync"
	"time"
)

const (
	ticketRotation = int64(12 * time.Hour)
	ticketKeysKept = 3
)

// TicketKeys encrypt the session tickets with which clients resume. One lives as
// long as the server, so that tickets survive reloads: every new [tls.Config]
// gets its keys. A new key comes every 12 hours, and tickets of the last three
// are accepted. Any goroutine may use it.
type TicketKeys struct {
	mu      sync.Mutex
	secrets [][32]byte // the newest first
	newest  int64      // when it was made
}

// NewTicketKeys makes the first key.
func NewTicketKeys(now int64) *TicketKeys {
	k := &TicketKeys{}
	k.add(now)
	return k
}

// Rotate makes a new key when it is time for one. If it returns true, call
// Apply again for every Config in use.
func (k *TicketKeys) Rotate(now int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now-k.newest < ticketRotation {
		return false
	}
	k.add(now)
	return true
}

func (k *TicketKeys) add(now int64) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	kept := k.secrets[:min(len(k.secrets), ticketKeysKept-1)]
	k.secrets = append([][32]byte{secret}, kept...)
	k.newest = now
}

// Apply gives the keys to a server's config, which may be in use. A ticket is of
// use only within the scope it was issued in: what a listener has verified (a
// client's certificate) must not count at another that asks for more.
func (k *TicketKeys) Apply(config *tls.Config, scope string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := make([][32]byte, len(k.secrets))
	for i, secret := range k.secrets {
		key, err := hkdf.Key(sha256.New, secret[:], nil, scope, len(keys[i]))
		if err != nil {
			return err
		}
		copy(keys[i][:], key)
	}
	config.SetSessionTicketKeys(keys)
	return nil
}
