package http2

import "time"

// Abuse is a way to have a peer work without working oneself.
type Abuse uint8

// The kinds of abuse that have a budget.
const (
	// RapidReset: streams end by resets, of whichever side, faster than they end by
	// answers (CVE-2023-44487, and "MadeYouReset", CVE-2025-8671).
	RapidReset Abuse = iota
	// Overload: streams are opened above the limit of concurrency.
	Overload
	// ContinuationFlood: a header block that does not end (CVE-2024-27316).
	ContinuationFlood
	// SettingsFlood, PingFlood, PriorityFlood and UnknownFlood: frames that need
	// work or an answer, and bring nothing (CVE-2019-9512, 9513, 9515).
	SettingsFlood
	PingFlood
	PriorityFlood
	UnknownFlood
	// WindowFlood: WINDOW_UPDATE in no proportion to what was sent.
	WindowFlood
	// EmptyFlood and TinyFlood: DATA of no or next to no bytes (CVE-2019-9518).
	EmptyFlood
	TinyFlood
	AbuseKinds
)

var abuseNames = [AbuseKinds]string{"rapid_reset", "overload", "continuation_flood", "settings_flood", "ping_flood",
	"priority_flood", "unknown_flood", "window_flood", "empty_flood", "tiny_flood"}

func (a Abuse) String() string { return abuseNames[a] }

// A budget is how many acts of one kind a connection may commit at once and,
// in the long run, in a second. What honest peers are known to do is far below: a
// browser that leaves a page resets all its streams at once, gRPC sends small
// messages in a frame each, and a PING for each round trip in which it gets DATA.
// Work gives them back: a stream that was answered one act of each, DATA that was sent
// the WINDOW_UPDATE and the PING for it.
type budget struct{ burst, perSecond int32 }

var budgets = [AbuseKinds]budget{
	RapidReset:    {200, 10},
	Overload:      {200, 10},
	SettingsFlood: {50, 5},
	PingFlood:     {200, 20},
	PriorityFlood: {1000, 100},
	UnknownFlood:  {1000, 100},
	WindowFlood:   {5000, 1000},
	EmptyFlood:    {200, 10},
	TinyFlood:     {20000, 10000},
}

const (
	// maxContinuations bounds the frames of one header block.
	maxContinuations = 32
	// tiny is below what a message of gRPC or of WebSocket has.
	tiny = 2
)

// budgets of a connection, as far as they are spent.
type spending struct {
	since int64 // when the last refill was
	spent [AbuseKinds]int32
}

// spend takes one act from the budget of its kind; false when it is used up.
func (s *spending) spend(kind Abuse, now int64) bool {
	s.spent[kind]++
	if s.spent[kind] <= budgets[kind].burst {
		return true
	}
	s.refill(now)
	return s.spent[kind] <= budgets[kind].burst
}

// refill gives back what the time since the last refill is worth. Only a budget
// that is used up asks for it.
func (s *spending) refill(now int64) {
	if s.since == 0 {
		s.since = now
	}
	seconds := (now - s.since) / int64(time.Second)
	if seconds <= 0 {
		return
	}
	s.since += seconds * int64(time.Second)
	seconds = min(seconds, 1<<10)
	for kind := range s.spent {
		s.spent[kind] = max(0, s.spent[kind]-int32(seconds)*budgets[kind].perSecond)
	}
}

// earn gives back n acts for work that was done.
func (s *spending) earn(kind Abuse, n int32) { s.spent[kind] = max(0, s.spent[kind]-n) }

// earnAll gives back one act of every kind, for a stream that was answered.
func (s *spending) earnAll() {
	for kind := range s.spent {
		s.spent[kind] = max(0, s.spent[kind]-1)
	}
}

// spend is for code that handles a frame: what the connection shall end with, if anything.
func (c *conn) spend(kind Abuse) ErrCode {
	if c.spending.spend(kind, c.worker.loop.Now()) {
		return NoError
	}
	return c.abused(kind)
}

func (c *conn) abused(kind Abuse) ErrCode {
	c.worker.stats.Abuse[kind]++
	return EnhanceYourCalm
}
