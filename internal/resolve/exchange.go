package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// ednsSize is the reply that is asked for at most over UDP: one that needs no
// fragments on any usual path (DNS flag day 2020). readSize leaves room for
// servers that send more.
const (
	ednsSize = 1232
	readSize = 4096
)

var errUnusable = errors.New("unusable reply")

// exchange puts one question to one server, over UDP and, where the reply did
// not fit, over TCP. A reply that it returns says either what the name's
// records are or that it has none; anything else is an error.
func (r *Resolver) exchange(ctx context.Context, server, name string, qtype uint16, timeout time.Duration) (*dns.Msg, error) {
	query := new(dns.Msg).SetQuestion(name, qtype)
	query.SetEdns0(ednsSize, false)
	reply, err := r.roundTrip(ctx, "udp", server, query, timeout)
	if err == nil && dislikesEDNS(reply) {
		query.Id = dns.Id()
		query.Extra = nil
		reply, err = r.roundTrip(ctx, "udp", server, query, timeout)
	}
	if err == nil && reply.Truncated {
		query.Id = dns.Id()
		reply, err = r.roundTrip(ctx, "tcp", server, query, timeout)
		if err == nil && reply.Truncated {
			err = fmt.Errorf("%w: truncated over TCP", errUnusable)
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("server %s: %w", server, err)
	case reply.Rcode == dns.RcodeNameError:
		return reply, nil
	case reply.Rcode != dns.RcodeSuccess:
		return nil, &rcodeError{server, reply.Rcode}
	case isLame(reply):
		return nil, &rcodeError{server, dns.RcodeServerFailure}
	}
	return reply, nil
}

// dislikesEDNS tells whether to ask again without an OPT record (RFC 6891,
// sections 6.1.3 and 7).
func dislikesEDNS(reply *dns.Msg) bool {
	switch reply.Rcode {
	case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers:
		return true
	}
	return false
}

// isLame recognizes a server that neither knows the name nor asks others for
// it: that it has no records then means nothing.
func isLame(reply *dns.Msg) bool {
	return len(reply.Answer) == 0 && !reply.Authoritative && !reply.RecursionAvailable
}

func (r *Resolver) roundTrip(ctx context.Context, network, server string, query *dns.Msg, timeout time.Duration) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	socket, err := r.dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	// The context's end alone ends the socket's waiting: with a deadline of its
	// own the socket could give up before the caller's context has ended, and
	// that would look like the server's failure.
	stop := context.AfterFunc(ctx, func() { socket.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	conn := &dns.Conn{Conn: socket, UDPSize: readSize}
	if err := conn.WriteMsg(query); err != nil {
		return nil, err
	}
	for {
		reply, err := readReply(conn, query)
		if network == "udp" && errors.Is(err, errUnusable) {
			continue // it may be a forgery, and the true one on its way
		}
		return reply, err
	}
}

// readReply reads one message. The error wraps errUnusable if it is not a
// readable reply to query.
func readReply(conn *dns.Conn, query *dns.Msg) (*dns.Msg, error) {
	packet, err := conn.ReadMsgHeader(nil)
	if err != nil {
		if errors.Is(err, dns.ErrShortRead) {
			return nil, fmt.Errorf("%w: %w", errUnusable, err)
		}
		return nil, err
	}
	reply := new(dns.Msg)
	err = reply.Unpack(packet)
	if !answers(reply, query) {
		return nil, fmt.Errorf("%w: not to this question", errUnusable)
	}
	if err != nil && !reply.Truncated {
		return nil, fmt.Errorf("%w: %w", errUnusable, err)
	}
	return reply, nil
}

// answers tells whether reply is to query (RFC 5452, section 9.1, as far as a
// connected socket leaves it to the receiver). A server that could not read the
// question need not repeat it.
func answers(reply, query *dns.Msg) bool {
	if reply.Id != query.Id || !reply.Response || reply.Opcode != query.Opcode {
		return false
	}
	if len(reply.Question) == 0 {
		return dislikesEDNS(reply)
	}
	got, want := reply.Question[0], query.Question[0]
	return len(reply.Question) == 1 && got.Qtype == want.Qtype && got.Qclass == want.Qclass &&
		strings.EqualFold(got.Name, want.Name)
}
