// Package ratelimit holds clients to a rate of requests, and to a number of requests at once, each by a key: an address, a field's value, a route.
//
// All loops share one table of a limit, since a limit that every loop kept for itself would be exceeded or missed by as much as a client's connections happen to be spread. It is
// split by the key into shards with a mutex each, which is held for some ten nanoseconds: two loops seldom meet at one, and only requests with
// a limit come here at all. A table outlives reloads.
//
// The clock is an argument, in nanoseconds. Clocks that differ a little, as those of loops do, let no more requests through.
package ratelimit

import (
	"hash/maphash"
	"net/netip"
)

// shards is a power of two, many times the usual number of loops.
const shards = 64

// seed differs in each process, so that nobody can choose keys that fall together.
var seed = maphash.MakeSeed()

// Key makes a key of a value, such as a field's.
func Key(value []byte) uint64 { return maphash.Bytes(seed, value) }

// KeyString is Key for a string.
func KeyString(value string) uint64 { return maphash.String(seed, value) }

// AddrKey makes a key of a client's address. An IPv6 address counts as its /64: so much is given to one client, who could otherwise be a new one with
// every request.
//
// Keys of different kinds belong into different tables.
func AddrKey(a netip.Addr) uint64 {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return maphash.Bytes(seed, b[:])
	}
	b := a.As16()
	return maphash.Bytes(seed, b[:8])
}
