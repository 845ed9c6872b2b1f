package proxy

import (
	"bytes"

	"spillway/balancer"
	"spillway/internal/config"
	"spillway/internal/http1"
)

// chooseKey finds the key by which a split or consistent hashing places the
// request: the first of the pool's sources that yields one.
func (x *exchange) chooseKey(sources []config.HashKey) {
	for i := range sources {
		if value, ok := x.keyFrom(&sources[i]); ok {
			x.key, x.keyed = balancer.Hash(value), true
			return
		}
	}
}

func (x *exchange) keyFrom(source *config.HashKey) (value []byte, ok bool) {
	switch source.Source {
	case config.HashHeader:
		value, ok = x.request.GetName(source.Name)
		return value, ok && len(value) > 0
	case config.HashCookie:
		return x.cookie(source.Name)
	case config.HashQuery:
		return queryValue(x.request.RawQuery, source.Name)
	case config.HashPath:
		return x.path, true
	case config.HashClientIP:
		ip := x.clientIP()
		if !ip.IsValid() {
			return nil, false
		}
		x.keyRoom = ip.AppendTo(x.keyRoom[:0])
		return x.keyRoom, true
	}
	return nil, false
}

// cookie finds a cookie's value, as it was sent (RFC 6265 5.4).
func (x *exchange) cookie(name string) (value []byte, ok bool) {
	for i := range x.request.Fields {
		f := &x.request.Fields[i]
		if f.ID != http1.Cookie {
			continue
		}
		for rest := f.Value; len(rest) > 0; {
			var pair []byte
			pair, rest, _ = bytes.Cut(rest, semicolon)
			key, value, found := bytes.Cut(bytes.Trim(pair, " \t"), equals)
			if found && string(key) == name && len(value) > 0 {
				return value, true
			}
		}
	}
	return nil, false
}

// queryValue finds the first value of a parameter, without decoding it.
func queryValue(query []byte, name string) (value []byte, ok bool) {
	for rest := query; len(rest) > 0; {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, ampersand)
		key, value, found := bytes.Cut(pair, equals)
		if found && string(key) == name && len(value) > 0 {
			return value, true
		}
	}
	return nil, false
}

var (
	semicolon = []byte{';'}
	equals    = []byte{'='}
	ampersand = []byte{'&'}
)

// stickyMember is the available backend that the client's cookie names, with a slot taken, or nil.
func (x *exchange) stickyMember(view *balancer.View) *balancer.Member {
	hash, ok := x.stickyHash()
	if !ok {
		return nil
	}
	x.record.stickyHash = hash
	return view.PickSticky(&x.pick, hash)
}

// stickyHash is what the pool's own cookie says, where the client has it.
func (x *exchange) stickyHash() (hash uint64, ok bool) {
	s := x.pool.sticky
	if s == nil {
		return 0, false
	}
	value, ok := x.cookie(s.cookie)
	if !ok {
		return 0, false
	}
	return parseHex(value)
}
