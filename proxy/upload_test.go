package proxy

import "testing"

// The client's connection may be closed at once only when all of the body was
// read: else the reset destroys the answer that halted the upload.
func TestAHaltedUploadHasNotReadTheBody(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	for name, upload := range map[string]func(b *requestBody) error{
		"length": (*requestBody).uploadLength,
		"chunks": (*requestBody).uploadChunks,
	} {
		x := newExchange(s.workers[0])
		x.in = &buffer{}
		x.body.left, x.body.halt = 10, true
		if err := upload(&x.body); err != errUploadHalted {
			t.Errorf("%s: %v", name, err)
		}
	}
}
