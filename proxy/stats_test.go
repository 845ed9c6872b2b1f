package proxy

import (
	"reflect"
	"testing"

	"spillway/internal/http2"
	"spillway/internal/metrics"
)

// setAll gives every counter a value of its own, and every histogram one observation.
func setAll(v reflect.Value, next *uint64) {
	switch v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem(); {
	case v.Type() == reflect.TypeFor[metrics.Histogram]():
		v.Addr().Interface().(*metrics.Histogram).Observe(1000)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "_" {
				setAll(v.Field(i), next)
			}
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			setAll(v.Index(i), next)
		}
	case v.Kind() == reflect.Uint64:
		*next++
		v.SetUint(*next)
	default:
		panic("a counter of the type " + v.Type().String())
	}
}

func holdsAll[T any](t *testing.T, add func(sum, to *T)) {
	t.Helper()
	var one, sum T
	next := uint64(0)
	setAll(reflect.ValueOf(&one).Elem(), &next)
	add(&sum, &one)
	if !reflect.DeepEqual(sum, one) {
		t.Errorf("what is added to nothing is %+v, want %+v", sum, one)
	}
}

func TestEveryCounterIsAdded(t *testing.T) {
	holdsAll(t, (*listenerStats).add)
	holdsAll(t, (*routeStats).add)
	holdsAll(t, (*poolStats).add)
	holdsAll(t, (*backendStats).add)
	holdsAll(t, (*http2.Stats).Add)
}
