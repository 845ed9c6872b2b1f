package loop

import "sync/atomic"

// A Loop runs its tasks one at a time and owns their connections and timers.
// Unless a method says otherwise it is called only by code that runs on the loop.
type Loop struct {
	engine
	index     int
	group     *Group
	now       int64
	turnBegan atomic.Int64 // when the turn that runs began; 0 while the loop waits
	wheel     wheel
	mailbox   mailbox
	endOfTurn []func()
	stopping  bool

	connections atomic.Int64 // accepted ones, for spreading
}

// Index is the loop's place in [Group.Loops].
func (l *Loop) Index() int { return l.index }

// Group returns the group the loop belongs to.
func (l *Loop) Group() *Group { return l.group }

// Now is the time of this turn, as [Nanotime] counts.
func (l *Loop) Now() int64 { return l.now }

// Connections is how many accepted connections the loop has. Any goroutine may ask.
func (l *Loop) Connections() int { return int(l.connections.Load()) }

// AtEndOfTurn adds a function that the loop calls before it waits. It is called on the loop.
func (l *Loop) AtEndOfTurn(f func()) { l.endOfTurn = append(l.endOfTurn, f) }

func (l *Loop) endTurn() {
	for _, f := range l.endOfTurn {
		l.call(f)
	}
}

// call runs f; its panic is counted and ends f only.
func (l *Loop) call(f func()) {
	defer l.recoverPanic()
	f()
}

// recoverPanic is deferred around code that is not the loop's own.
func (l *Loop) recoverPanic() {
	if v := recover(); v != nil {
		l.group.reportPanic(v)
	}
}
