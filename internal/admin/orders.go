package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"spillway/evacuation"
	"spillway/proxy"
)

// An order is what a drain, an undrain or a drill is about.
type order struct {
	evacuation.Target
	Over    seconds `json:"over,omitempty"`
	For     seconds `json:"for,omitempty"` // of a drill
	DryRun  bool    `json:"dry_run,omitempty"`
	Force   bool    `json:"force,omitempty"`
	NoGuard bool    `json:"no_guard,omitempty"`
}

// seconds is a time as the configuration writes it.
type seconds time.Duration

// maxOrderTime is the longest that an evacuation or a drill may take.
const maxOrderTime = 24 * time.Hour

// UnmarshalText takes a time of up to a day.
func (s *seconds) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 || d > maxOrderTime {
		return fmt.Errorf("%q is no time from 0s to %s", text, maxOrderTime)
	}
	*s = seconds(d)
	return nil
}

// MarshalText writes it back.
func (s seconds) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (o *order) order() evacuation.Order {
	return evacuation.Order{Target: o.Target, Over: time.Duration(o.Over), Force: o.Force, NoGuard: o.NoGuard}
}

// An orderAnswer repeats the order and says what came of it.
type orderAnswer struct {
	*order
	Drained  bool                 `json:"drained"` // no new requests from now on
	Forecast *evacuation.Forecast `json:"forecast,omitempty"`
}

func (s *Server) drain(w http.ResponseWriter, r *http.Request) {
	o := takeOrder(w, r, func(o *order) bool { return o.For == 0 })
	if o == nil {
		return
	}
	if o.DryRun {
		forecast, err := s.options.Proxy.Forecast(o.Target)
		if err != nil {
			failOrder(w, err)
			return
		}
		answer(w, http.StatusOK, forecast)
		return
	}
	forecast, err := s.options.Proxy.Evacuate(o.order())
	if err != nil {
		failOrder(w, err)
		return
	}
	s.noteOrder("drain", o, r)
	answer(w, http.StatusOK, orderAnswer{o, o.Over == 0, forecast})
}

func (s *Server) undrain(w http.ResponseWriter, r *http.Request) {
	o := takeOrder(w, r, func(o *order) bool { return o.For == 0 && !o.DryRun && !o.Force && !o.NoGuard })
	if o == nil {
		return
	}
	if err := s.options.Proxy.Readmit(o.order()); err != nil {
		failOrder(w, err)
		return
	}
	s.noteOrder("undrain", o, r)
	answer(w, http.StatusOK, orderAnswer{o, false, nil})
}

func (s *Server) drill(w http.ResponseWriter, r *http.Request) {
	o := takeOrder(w, r, func(o *order) bool { return o.For > 0 && !o.DryRun })
	if o == nil {
		return
	}
	report, err := s.options.Proxy.Drill(o.order(), time.Duration(o.For))
	if err != nil {
		failOrder(w, err)
		return
	}
	s.noteOrder("drill", o, r)
	answer(w, http.StatusOK, report)
}

func (s *Server) drillReport(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.options.Proxy.DrillReport()) // null: there was none
}

func (s *Server) noteOrder(what string, o *order, r *http.Request) {
	s.options.Log.Info("operator", "order", what, "target", o.Target.String(), "over", time.Duration(o.Over), "force", o.Force, "client", r.RemoteAddr)
}

// failOrder answers an order that is not carried out.
func failOrder(w http.ResponseWriter, err error) {
	if noRoom, ok := errors.AsType[*evacuation.NoRoomError](err); ok {
		answer(w, http.StatusConflict, struct {
			Error    string               `json:"error"`
			Forecast *evacuation.Forecast `json:"forecast"`
		}{err.Error(), noRoom.Forecast})
		return
	}
	status := http.StatusInternalServerError
	if _, unknown := errors.AsType[*proxy.UnknownNameError](err); unknown {
		status = http.StatusNotFound
	}
	if _, conflict := errors.AsType[*evacuation.ConflictError](err); conflict {
		status = http.StatusConflict
	}
	fail(w, status, err.Error())
}

// takeOrder reads an order whose members fit the path; nil: it is none, and the
// client knows.
func takeOrder(w http.ResponseWriter, r *http.Request, fits func(*order) bool) *order {
	o, err := readOrder(r.Body)
	if err == nil && !fits(o) {
		err = errors.New(`"for" is of a drill, which needs it; "dry_run" is of a drain only; an undrain has neither "force" nor "no_guard"`)
	}
	if err == nil {
		return o
	}
	status := http.StatusBadRequest
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	fail(w, status, err.Error())
	return nil
}

// readOrder reads one JSON object and nothing else.
func readOrder(body io.Reader) (*order, error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	o := new(order)
	if err := d.Decode(o); err != nil {
		return nil, fmt.Errorf("the body is not what is expected: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the body goes on after its JSON object")
	}
	return o, o.Validate()
}
