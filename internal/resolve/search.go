package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// An rcodeError is a server's refusal to say whether the name has addresses.
type rcodeError struct {
	server string
	rcode  int
}

func (e *rcodeError) Error() string {
	return fmt.Sprintf("server %s: %s", e.server, dns.RcodeToString[e.rcode])
}

// search asks for each name that host may stand for until one has addresses. As
// in glibc, a name that does not exist or that the servers refuse to look up
// leads on to the next one; silence does not, for the next name's addresses
// could be another host's.
func (r *Resolver) search(ctx context.Context, conf config, host string) (Answer, error) {
	var refused error
	for _, name := range candidates(host, conf.ndots, conf.search) {
		answer, err := r.askBothFamilies(ctx, conf, name)
		switch _, isRcode := errors.AsType[*rcodeError](err); {
		case err == nil:
			return answer, nil
		case isRcode:
			refused = err
		case !errors.Is(err, ErrNotFound):
			return Answer{}, err
		}
	}
	if refused != nil {
		return Answer{}, refused
	}
	return Answer{}, ErrNotFound
}

// askBothFamilies joins the addresses of both families. The error is
// ErrNotFound only if both were answered and neither has any: some servers deny
// a name that has no AAAA record, so one denial proves nothing.
func (r *Resolver) askBothFamilies(ctx context.Context, conf config, name string) (Answer, error) {
	type result struct {
		records records
		err     error
	}
	six := make(chan result, 1)
	go func() {
		found, err := r.askServers(ctx, conf, name, dns.TypeAAAA)
		six <- result{found, err}
	}()
	v4, err4 := r.askServers(ctx, conf, name, dns.TypeA)
	v6 := <-six

	addrs := append(v4.addrs, v6.records.addrs...)
	if len(addrs) == 0 {
		if err := moreTelling(err4, v6.err); err != nil {
			return Answer{}, err
		}
		return Answer{}, ErrNotFound
	}
	answer := Answer{Addrs: normalize(addrs), Incomplete: err4 != nil || v6.err != nil}
	switch {
	case len(v4.addrs) == 0:
		answer.TTL = v6.records.ttl
	case len(v6.records.addrs) == 0:
		answer.TTL = v4.ttl
	default:
		answer.TTL = min(v4.ttl, v6.records.ttl)
	}
	return answer, nil
}

// moreTelling prefers silence to a refusal: only a refusal leads on to the next
// name.
func moreTelling(a, b error) error {
	if _, isRcode := errors.AsType[*rcodeError](a); a == nil || isRcode && b != nil {
		return b
	}
	return a
}

// askServers puts one question to the servers in turn until one knows. No
// records and no error: the name has none of that type.
func (r *Resolver) askServers(ctx context.Context, conf config, name string, qtype uint16) (records, error) {
	var failure error
	for range conf.attempts {
		for _, server := range conf.servers {
			reply, err := r.exchange(ctx, server, name, qtype, conf.timeout)
			if ctx.Err() != nil && err != nil {
				return records{}, context.Cause(ctx)
			}
			if err == nil {
				return readRecords(reply, name, qtype), nil
			}
			failure = err
		}
	}
	return records{}, failure
}

// records are what one reply says of one name and type.
type records struct {
	addrs []netip.Addr
	ttl   time.Duration
}
