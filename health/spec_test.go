package health_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"spillway/health"
)

// TestSpecifications plays the event sequences of testdata: each line is a time, an event and what must be true after it. Dice always
// show 0.5, the middle. After every event the transitions told so far must add up to the states seen.
func TestSpecifications(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no specifications: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &stage{trackers: map[string]*health.Tracker{}, told: map[string]health.State{}, gone: map[string]bool{}}
			for i, line := range strings.Split(string(text), "\n") {
				if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
					if err := s.play(line, words); err != nil {
						t.Fatalf("%s:%d: %s\n%v", file, i+1, line, err)
					}
				}
			}
		})
	}
}

// stage is a group under test with what its transitions have told.
type stage struct {
	settings health.Settings
	group    *health.Group
	doubt    *health.Doubt // nil: none
	trackers map[string]*health.Tracker
	told     map[string]health.State
	gone     map[string]bool
}

func (s *stage) play(line string, words []string) error {
	at, err := time.ParseDuration(words[0])
	if err != nil {
		return s.set(words)
	}
	if s.group == nil {
		s.group = health.NewGroup(s.settings)
		s.group.SetDoubt(s.doubt)
	}
	now := int64(at)
	switch words[1] {
	case "tick":
		err = s.many(s.group.Tick(now, 0.5), words[2:])
	case "configure":
		settings := words[2:]
		for i, w := range settings {
			if strings.HasPrefix(w, "a=") {
				settings, words = settings[:i], settings[i:]
				break
			}
		}
		if err := s.set(settings); err != nil {
			return err
		}
		err = s.many(s.group.Configure(s.settings, now), words)
	case "deadline":
		got := "none"
		if at, ok := s.group.NextDeadline(); ok {
			got = time.Duration(at).String()
		}
		want := words[2]
		if d, err := time.ParseDuration(want); err == nil {
			want = d.String()
		}
		err = expect("deadline", got, want)
	case "doubt":
		err = s.aboutDoubt(now, words[2:], line)
	case "remove":
		s.group.Remove(words[2])
		s.gone[words[2]] = true
	default:
		err = s.one(now, words[1], words[2], words[3:], line)
	}
	if err == nil {
		err = s.consistent(now)
	}
	return err
}

// one plays an event of one backend: id, event, arguments, then the state (after => where the arguments are free text).
func (s *stage) one(now int64, id, event string, rest []string, line string) error {
	tr := s.trackers[id]
	if event == "new" {
		tr = s.group.Tracker(id, now)
		if old := s.trackers[id]; old != nil && old != tr {
			return fmt.Errorf("%s has a second tracker", id)
		}
		if s.trackers[id] == nil {
			s.trackers[id], s.told[id] = tr, tr.State()
		}
		return expect("state", tr.State().String(), rest[0])
	}
	if tr == nil {
		return fmt.Errorf("no backend %q", id)
	}
	want := rest[len(rest)-1]
	var change health.Transition
	var err error
	switch event {
	case "pass":
		change = tr.CheckPassed(now)
	case "fail":
		what, _, _ := strings.Cut(strings.Join(rest, " "), " => ")
		change = tr.CheckFailed(now, what, what == "connection refused")
	case "failure":
		change = tr.Failure(now, now, causes[rest[0]], 0.5)
	case "failure-of":
		began, err := time.ParseDuration(rest[0])
		if err != nil {
			return err
		}
		change = tr.Failure(int64(began), now, causes[rest[1]], 0.5)
	case "reject":
		what, _, _ := strings.Cut(strings.Join(rest, " "), " => ")
		change = tr.CheckRejected(now, what)
	case "answers", "answers-to":
		change, err = answers(tr, now, event, rest)
	case "place":
		tr.SetPlace(health.Place{Region: rest[0], Host: rest[1]})
	case "probation":
		return expect("probation", yesno(tr.Probation()), want)
	case "success":
		tr.Success()
	case "disable", "enable":
		change = tr.SetEnabled(event == "enable", now)
	case "reason":
		want, err := strconv.Unquote(line[strings.Index(line, `"`):])
		if err != nil {
			return err
		}
		return expect("reason", tr.Reason(now), want)
	case "refused":
		return expect("refused", yesno(tr.Refused()), want)
	case "in-question":
		return expect("in question", yesno(tr.InQuestion(now)), want)
	default:
		return fmt.Errorf("unknown event %q", event)
	}
	if err != nil {
		return err
	}
	if change.Changed() {
		if err := s.tell(change); err != nil {
			return err
		}
		if change.ID != id || change.At != now {
			return fmt.Errorf("a change of %s at %v is told as %+v", id, time.Duration(now), change)
		}
	}
	return expect("state", tr.State().String(), want)
}

var causes = map[string]health.Cause{
	"refused": health.ConnectRefused, "connect-timeout": health.ConnectTimeout, "connect-failed": health.ConnectFailed,
	"reset": health.Reset, "timeout": health.ResponseTimeout,
}

func (s *stage) many(changes []health.Transition, want []string) error {
	for _, change := range changes {
		if err := s.tell(change); err != nil {
			return err
		}
	}
	for _, w := range want {
		id, state, _ := strings.Cut(w, "=")
		if err := expect(id, s.trackers[id].State().String(), state); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) tell(change health.Transition) error {
	if s.told[change.ID] != change.From || !change.Changed() || change.Reason == "" {
		return fmt.Errorf("transition %+v, but the backend was %v", change, s.told[change.ID])
	}
	s.told[change.ID] = change.To
	return nil
}

func (s *stage) consistent(now int64) error {
	available := 0
	for id, tr := range s.trackers {
		if s.gone[id] {
			continue
		}
		if tr.Available() {
			available++
		}
		status := tr.Status(now)
		if status.Probation != tr.Probation() || status.Probation && status.State != health.Healthy {
			return fmt.Errorf("%s: probation %v, status %+v", id, tr.Probation(), status)
		}
		if tr.State() != s.told[id] || status.State != tr.State() || status.Enabled == (tr.State() == health.Draining) {
			return fmt.Errorf("%s: told %v, state %v, status %+v", id, s.told[id], tr.State(), status)
		}
	}
	if got := s.group.Available(); got != available {
		return fmt.Errorf("group counts %d available, there are %d", got, available)
	}
	return nil
}

func expect(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: got %q, want %q", what, got, want)
	}
	return nil
}

func yesno(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
