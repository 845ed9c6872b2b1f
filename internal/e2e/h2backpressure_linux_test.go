package e2e

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
)

func TestAnswerThatNobodyReadsStaysBounded(t *testing.T) {
	t.Parallel()
	piece := pattern(64 << 10)
	for _, back := range []protocol{overHTTP1, overH2C} {
		t.Run(string(back), func(t *testing.T) {
			var sent atomic.Int64
			var backend *Backend
			if back == overHTTP1 {
				backend = NewBackend(t, "a", Handling(func(x *Exchange) {
					x.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", flood))
					for range flood / len(piece) {
						n, err := io.WriteString(x.Conn, piece)
						if sent.Add(int64(n)); err != nil {
							break
						}
					}
					x.Close()
				}))
			} else {
				backend = newFrameBackend(t, func(b *framePeer, id uint32) {
					b.Headers(id, false, ":status: 200", fmt.Sprint("content-length: ", flood))
					for _, next := range split(strings.Repeat(piece, flood/len(piece)), 16000) {
						if !b.await(func() bool { return b.stream(id).reset != nil || b.room(id) >= len(next) }) || b.stream(id).reset != nil {
							return
						}
						b.Data(id, false, next)
						sent.Add(int64(len(next)))
					}
				})
			}
			p := Setup{Listener: "timeouts: {body: 1h}", Pool: back.poolKeys()}.Start(t, backend)
			before := p.residentBytes()
			// Windows that stay shut, open windows of a client that does not read, and both many times.
			var clients []*framePeer
			for n := range 4 {
				shut := dialFrames(t, p.Addr("web"), http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(n)})
				open := dialFrames(t, p.Addr("web"), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
				open.framer.WriteWindowUpdate(0, 1<<30)
				for _, c := range []*framePeer{shut, open} {
					c.Ask(1, true, "GET", "/flood")
					clients = append(clients, c)
				}
			}
			stalls(t, "the backends' answers stop", sent.Load)
			if n := p.residentBytes() - before; n > roomy {
				t.Errorf("8 answers of %d bytes that nobody reads hold %d bytes", flood, n)
			}
			dialFrames(t, p.Addr("web"))
			for _, c := range clients {
				c.Close()
			}
			eventually(t, "no request is in flight", func() bool { return p.inflight() == 0 })
		})
	}
}
