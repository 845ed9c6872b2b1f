package resolve

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// maxAliases bounds a CNAME chain, which may be a circle.
const maxAliases = 16

// readRecords follows name through the CNAME records of the reply to its
// addresses. Records of other names are not believed.
func readRecords(reply *dns.Msg, name string, qtype uint16) records {
	found := records{ttl: math.MaxInt64}
	for range maxAliases {
		target := ""
		for _, rr := range reply.Answer {
			header := rr.Header()
			if header.Class != dns.ClassINET || !strings.EqualFold(header.Name, name) {
				continue
			}
			if alias, ok := rr.(*dns.CNAME); ok && target == "" {
				target = alias.Target
				found.ttl = min(found.ttl, ttlOf(header))
			} else if ip, ok := addressOf(rr); ok && header.Rrtype == qtype {
				found.addrs = append(found.addrs, ip)
				found.ttl = min(found.ttl, ttlOf(header))
			}
		}
		if target == "" || len(found.addrs) > 0 {
			break
		}
		name = target
	}
	if len(found.addrs) == 0 {
		return records{}
	}
	return found
}

func addressOf(rr dns.RR) (netip.Addr, bool) {
	var ip netip.Addr
	var ok bool
	switch rr := rr.(type) {
	case *dns.A:
		ip, ok = netip.AddrFromSlice(rr.A)
	case *dns.AAAA:
		ip, ok = netip.AddrFromSlice(rr.AAAA)
	}
	return ip.Unmap(), ok
}

// ttlOf reads a TTL with its highest bit set as zero (RFC 2181, section 8).
func ttlOf(header *dns.RR_Header) time.Duration {
	if header.Ttl > math.MaxInt32 {
		return 0
	}
	return time.Duration(header.Ttl) * time.Second
}
