package evacuation

import (
	"fmt"
	"time"
)

// An Order says how something is taken out of service or put back.
type Order struct {
	Target
	Over    time.Duration // 0: at once
	Force   bool          // also when the rest has no room
	NoGuard bool          // also when the destinations suffer
}

// Permits tells whether the order may be carried out, after what was foretold. Its
// error is a [*NoRoomError].
func (o *Order) Permits(f *Forecast) error {
	if !f.Fits && !o.Force {
		return &NoRoomError{f}
	}
	return nil
}

// A NoRoomError refuses an evacuation, since the rest has no room.
type NoRoomError struct{ Forecast *Forecast }

// Error names the pools that do not fit.
func (e *NoRoomError) Error() string {
	text := fmt.Sprintf("%s stays in service: the rest has no room", e.Forecast.Target)
	for i := range e.Forecast.Pools {
		if p := &e.Forecast.Pools[i]; !p.Fits {
			text += fmt.Sprintf("; pool %s: %s", p.Pool, p.shortage())
		}
	}
	return text
}

func (p *PoolForecast) shortage() string {
	if len(p.Destinations) == 0 {
		return "nobody else may serve its requests"
	}
	if p.Stranded == 0 {
		return "some of its requests may go nowhere else"
	}
	return fmt.Sprintf("no room for %d of %d requests in flight", p.Stranded, p.Requests)
}

// A ConflictError says why an order can not be carried out now.
type ConflictError struct{ Why string }

// Error says why.
func (e *ConflictError) Error() string { return e.Why }
