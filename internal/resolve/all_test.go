package resolve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestLookupAllAsksForManyNamesAtOnce(t *testing.T) {
	var hosts []string
	for i := range 3 * lookupsAtOnce {
		hosts = append(hosts, fmt.Sprint("host-", i))
	}
	r := New()
	var mu sync.Mutex
	now, most := 0, 0
	full := make(chan struct{})
	r.lookup = func(_ context.Context, host string) (Answer, error) {
		mu.Lock()
		now++
		if most < now {
			if most = now; most == lookupsAtOnce {
				close(full) // nobody is answered before
			}
		}
		mu.Unlock()
		<-full
		mu.Lock()
		now--
		mu.Unlock()
		if host == "host-7" {
			return Answer{}, fmt.Errorf("lookup %s: %w", host, ErrNotFound)
		}
		return Answer{TTL: time.Duration(len(host))}, nil
	}
	for i, result := range r.LookupAll(t.Context(), hosts) {
		switch {
		case i == 7:
			if !errors.Is(result.Err, ErrNotFound) || result.Err.Error() != "lookup host-7: "+ErrNotFound.Error() {
				t.Errorf("%s: %v", hosts[i], result.Err)
			}
		case result.Err != nil || result.Answer.TTL != time.Duration(len(hosts[i])):
			t.Errorf("%s: %+v", hosts[i], result)
		}
	}
	if most != lookupsAtOnce {
		t.Errorf("%d names were asked for at once", most)
	}
}
