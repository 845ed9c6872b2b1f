package proxy

import (
	"strings"
	"testing"

	"spillway/evacuation"
)

// A forecast of a pool that stands still is of those that are available.
func TestForecastOfAServer(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	f, err := s.Forecast(evacuation.Target{Region: "near"})
	if err != nil || !f.Fits || len(f.Pools) != 2 || len(f.Pools[0].Destinations) != 1 || f.Pools[0].Destinations[0].Region != "far" {
		t.Fatalf("%+v, %v", f, err)
	}
	if err := s.DrainRegion("far", false); err != nil {
		t.Fatal(err)
	}
	for target, fits := range map[evacuation.Target]bool{
		{Region: "near"}:                    false, // nobody is left
		{Region: "near", Pool: "a"}:         false,
		{Pool: "a", Backend: "127.0.0.1:1"}: true, // its neighbour is left
		{Pool: "b", Backend: "127.0.0.1:1"}: false,
		{Region: "far"}:                     true, // it is out already
		{Region: "beyond"}:                  true, // nobody was there
		{Pool: "a", Backend: "127.0.0.1:3"}: true,
	} {
		if f, err := s.Forecast(target); err != nil || f.Fits != fits {
			t.Errorf("%s: %+v, %v", target, f, err)
		}
	}
	if _, err := s.Evacuate(evacuation.Order{Target: evacuation.Target{Region: "near"}}); err == nil || !strings.Contains(err.Error(), "nobody else may serve") {
		t.Errorf("the last region was drained: %v", err)
	}
}
