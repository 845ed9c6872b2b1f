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
	running  bool
}

// Run moves bytes until the end of input, which it passes on.
func (r *relay) Run(t *loop.Task) {
	r.task = t
	defer r.ended()
	if r.early != nil && !r.early.empty() {
		if r.err = r.write(r.early.unread()); r.err != nil {
			return
		}
		r.early.clear()
	}
	if r.release {
		r.worker.buffers.put(r.early)
		r.early = nil
	}
	if r.err = r.pump(); r.err == nil {
		_ = r.to.CloseWrite(r.task)
	}
}

func (r *relay) ended() {
	r.running, r.task = false, nil
	if r.err != nil {
		// The other direction has nobody left to talk to.
		r.from.Close()
		r.to.Close()
	}
	if r.other != nil {
		r.other.Resume()
	}
}

// pump returns nil at the end of input.
func (r *relay) pump() error {
	for {
		var err error
		if loop.CanSplice(r.from, r.to) {
			err = r.splice()
		} else {
			err = r.copy()
		}
		if !errors.Is(err, loop.ErrTimeout) || !r.otherDirectionMoves() {
			return err
		}
	}
}

// otherDirectionMoves tells whether silence here is just one side listening.
func (r *relay) otherDirectionMoves() bool {
	return r.worker.loop.Now()-r.to.LastRead() < r.patience
}

func (r *relay) splice() error {
	moved, readErr, writeErr := loop.Splice(r.task, r.from, r.to, -1, r.patience, r.patience)
	r.moved += moved
	if errors.Is(readErr, loop.ErrNoSplice) {
		return r.copy()
	}
	if readErr != nil {
		return readErr
	}
	return writeErr
}

// copy is what a tunnel does where splicing is not possible.
func (r *relay) copy() error {
	for {
		r.from.SetReadDeadline(deadlineAfter(r.worker.loop.Now(), r.patience))
		if err := r.from.WaitReadable(r.task); err != nil {
			return err
		}
		done, err := r.copyOnce()
		if done || err != nil {
			return err
		}
	}
}

func (r *relay) copyOnce() (done bool, err error) {
	b := r.worker.buffers.take()
	defer r.worker.buffers.put(b)
	n, err := r.from.Read(r.task, b.data)
	if err != nil {
		return true, endOfInput(err)
	}
	return false, r.write(b.data[:n])
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
