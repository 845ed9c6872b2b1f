package proxy

import (
	"errors"
	"io"

	"spillway/internal/loop"
)

// A relay moves one direction of a tunnel.
type relay struct {
	worker   *worker
	from, to loop.Stream
	other    *loop.Task // told when this direction has ended
	patience int64
	early    *buffer // what had been read before the tunnel stood; may be nil
	release  bool    // early is the relay's to give back
	task     *loop.Task
	moved    int64
	err      error
	own      bool // its task is its own: at rest it has none
	running  bool
	splicing int // how many small pieces more are spliced, too
	rest     rest
}

// errAtRest says that the loop has taken a direction over from its task.
var errAtRest = errors.New("at rest")

// Run moves bytes until the end of input, which it passes on, or until the
// direction is at rest; it is run again after that.
func (r *relay) Run(t *loop.Task) {
	r.task = t
	defer r.leave()
	if r.err = r.passEarly(); r.err != nil {
		return
	}
	if r.err = r.pump(); r.err == nil {
		_ = r.to.CloseWrite(r.task)
	}
}

func (r *relay) passEarly() error {
	if r.early != nil && !r.early.empty() {
		if err := r.write(r.early.unread()); err != nil {
			return err
		}
		r.early.clear()
	}
	if r.release {
		r.worker.buffers.put(r.early)
		r.early = nil
	}
	return nil
}

// interrupt ends the direction with err, from outside of its task.
func (r *relay) interrupt(err error) {
	switch {
	case r.task != nil:
		r.task.Interrupt(err)
	case r.rest.on:
		r.endRest()
		r.err = err
		r.ended()
	}
}

func (r *relay) leave() {
	if r.err == errAtRest {
		r.err, r.task = nil, nil
		return
	}
	r.ended()
}

func (r *relay) ended() {
	r.running, r.task = false, nil
	switch {
	case r.err == nil:
	case errors.Is(r.err, loop.ErrTimeout), errors.Is(r.err, loop.ErrClosed), errors.Is(r.err, loop.ErrStopped):
		r.from.Close()
		r.to.Close()
	default:
		// A cut must not look like an end, to either side.
		r.from.Reset()
		r.to.Reset()
	}
	if r.other != nil {
		r.other.Resume()
	}
}

// pump returns nil at the end of input.
func (r *relay) pump() error {
	for {
		err := r.move()
		if !errors.Is(err, loop.ErrTimeout) || !r.otherDirectionMoves() {
			return err
		}
	}
}

// otherDirectionMoves tells whether silence here is just one side listening.
func (r *relay) otherDirectionMoves() bool {
	return r.worker.loop.Now()-r.to.LastRead() < r.patience
}

const (
	// bulk is how much has to come at once for splicing to be worth its system calls.
	bulk = bufferSize
	// afterBulk is how many small pieces are spliced between large ones: whoever
	// sent much at once soon does so again.
	afterBulk = 8
)

// move takes what comes to the other side: small pieces through a borrowed
// buffer, and what comes in bulk from socket to socket.
func (r *relay) move() error {
	for {
		if err := r.wait(); err != nil {
			return endOfInput(err)
		}
		n, err := int64(0), error(nil)
		if r.splicing > 0 {
			n, err = r.splice()
		} else {
			n, err = r.copy()
		}
		if err != nil {
			return endOfInput(err)
		}
		switch {
		case n >= bulk && loop.CanSplice(r.from, r.to):
			r.splicing = afterBulk
		case r.splicing > 0:
			r.splicing--
		}
	}
}

// wait returns when there is something to read that takes a task.
func (r *relay) wait() error {
	if r.rest.over {
		return r.settleRest()
	}
	if r.splicing == 0 && loop.CanSplice(r.from, r.to) {
		return r.passOnAtRest()
	}
	r.from.SetReadDeadline(deadlineAfter(r.worker.loop.Now(), r.patience))
	return r.from.WaitReadable(r.task)
}

// splice moves what is there to be read.
func (r *relay) splice() (int64, error) {
	n, readErr, writeErr := loop.SpliceReady(r.task, r.from, r.to, r.patience)
	r.moved += n
	switch {
	case writeErr != nil:
		return n, writeErr
	case errors.Is(readErr, loop.ErrNoSplice):
		return r.copy()
	}
	return n, readErr
}

// copy moves one buffer full at the most.
func (r *relay) copy() (int64, error) {
	b := r.worker.buffers.take()
	defer r.worker.buffers.put(b)
	n, err := r.from.Read(r.task, b.data)
	if err != nil {
		return 0, err
	}
	return int64(n), r.write(b.data[:n])
}

func (r *relay) write(p []byte) error {
	r.to.SetWriteDeadline(deadlineAfter(r.worker.loop.Now(), r.patience))
	n, err := r.to.Write(r.task, p)
	r.moved += int64(n)
	return err
}

func endOfInput(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
