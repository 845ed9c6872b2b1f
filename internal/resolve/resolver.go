package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// ErrNotFound is wrapped by the error of a name that does not exist or has no
// address, as far as every server that answered knows.
var ErrNotFound = errors.New("no such host")

// An Answer is what is known of a host name.
type Answer struct {
	// Addrs are the addresses, sorted, each once, IPv4 never in its IPv6-mapped
	// form. Not empty. The receiver owns the slice.
	Addrs []netip.Addr
	// TTL says how long the answer may be believed: the smallest one of the
	// records that led to it, as the server gave it.
	TTL time.Duration
	// Incomplete says that the question for one family (IPv4 or IPv6) was not
	// answered: of that one Lookup returns nothing, Watch what was known before.
	Incomplete bool
}

// A Resolver turns host names into addresses. It is made by [New]; its fields
// may be changed before its first use. After that its methods may be called
// concurrently.
type Resolver struct {
	// Servers are the DNS servers as "ip:port", in order of preference. None:
	// those of ResolvConf.
	Servers []string
	// ResolvConf and HostsFile are read anew by each lookup.
	ResolvConf string
	HostsFile  string

	// Timeout bounds one question to one server, Attempts says how often the
	// list of servers is gone through. Zero: as ResolvConf says, or its defaults
	// of 5 s and 2.
	Timeout  time.Duration
	Attempts int

	// MinTTL and MaxTTL bound what Watch believes of a TTL. Both are above zero.
	MinTTL, MaxTTL time.Duration
	// Watch asks again RetryMin after a failure, each time twice as long, up to
	// RetryMax. Both are above zero.
	RetryMin, RetryMax time.Duration

	dial   func(ctx context.Context, network, server string) (net.Conn, error)
	system func(ctx context.Context, host string) ([]netip.Addr, error)
	lookup func(ctx context.Context, host string) (Answer, error)
	sleep  func(ctx context.Context, d time.Duration) error
}

// localTTL is given to answers that carry no TTL of their own.
const localTTL = 30 * time.Second

// New returns a resolver that reads /etc/resolv.conf and /etc/hosts.
func New() *Resolver {
	r := &Resolver{
		ResolvConf: "/etc/resolv.conf",
		HostsFile:  "/etc/hosts",
		MinTTL:     5 * time.Second,
		MaxTTL:     5 * time.Minute,
		RetryMin:   5 * time.Second,
		RetryMax:   30 * time.Second,
		dial:       new(net.Dialer).DialContext,
		system: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		sleep: sleep,
	}
	r.lookup = r.Lookup
	return r
}

// Lookup returns the addresses of host: of the hosts file if it has the name,
// else of DNS. An answer for one family of addresses is enough. A name with a
// trailing dot is absolute, others are tried with the search domains as
// resolv.conf(5) has it. An address stands for itself, localhost and the names
// below it for the loopback addresses (RFC 6761, section 6.3).
//
// Where there is no resolv.conf, package net is asked and the TTL is 30 s, as
// it is for the hosts file. The error of a name that has no address wraps
// [ErrNotFound], that of an ended ctx its cause.
func (r *Resolver) Lookup(ctx context.Context, host string) (Answer, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return Answer{Addrs: []netip.Addr{ip.Unmap()}, TTL: r.MaxTTL}, nil
	}
	if !isHostName(host) {
		return Answer{}, fmt.Errorf("lookup %q: not a host name", host)
	}
	if isLocalhost(host) {
		return Answer{
			Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()},
			TTL:   r.MaxTTL,
		}, nil
	}
	if addrs := hostsFileAddrs(r.HostsFile, host); len(addrs) > 0 {
		return Answer{Addrs: addrs, TTL: localTTL}, nil
	}
	answer, err := r.lookupRemote(ctx, host)
	if err != nil {
		return Answer{}, fmt.Errorf("lookup %s: %w", host, err)
	}
	return answer, nil
}

func (r *Resolver) lookupRemote(ctx context.Context, host string) (Answer, error) {
	conf, ok := r.config()
	if ok {
		return r.search(ctx, conf, host)
	}
	addrs, err := r.system(ctx, host)
	if err != nil {
		if dnsErr, ok := errors.AsType[*net.DNSError](err); ok && dnsErr.IsNotFound {
			return Answer{}, ErrNotFound
		}
		return Answer{}, err
	}
	if len(addrs) == 0 {
		return Answer{}, ErrNotFound
	}
	return Answer{Addrs: normalize(addrs), TTL: localTTL}, nil
}

// normalize returns a new slice: addrs unmapped, sorted, each once.
func normalize(addrs []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		out[i] = a.Unmap()
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}
