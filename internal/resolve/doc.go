// Package resolve knows what addresses a host name has, and asks again when
// the answer's TTL has run out.
//
// It answers as the system's resolver would (the hosts file, the search
// domains and servers of resolv.conf), but keeps what package net throws away:
// how long an answer may be believed. A name that was once resolved keeps its
// addresses until a better answer comes: [Resolver.Watch] never reports an
// empty set, and a server that fails takes nothing away.
package resolve
