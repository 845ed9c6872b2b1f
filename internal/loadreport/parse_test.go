package loadreport_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"spillway/internal/loadreport"
)

func TestParse(t *testing.T) {
	for value, want := range map[string]float64{
		"0": 0, "0.73": 0.73, "1": 1, "1.5": 1.5, "73%": 0.73, "73.5 %": 0.735, " 0.2\t": 0.2, "0%": 0, "130%": 1.3, "5e-1": 0.5, ".5": 0.5, "10": 10, "1000%": 10,
	} {
		if got, ok := loadreport.Parse([]byte(value)); !ok || math.Abs(got.Utilization-want) > 1e-9 || got.ErrorShare != 0 {
			t.Errorf("%q: %+v %v, want %v", value, got, ok, want)
		}
	}
	for _, value := range []string{
		"", " ", "%", "-1", "-0.1", "nan", "inf", "Infinity", "0x1p-2", "1_0", "0.5 0.6", "0.5, 0.6", "73", "10.1", "1001%", "1e999", "1e", "half",
		"0.5%%", strings.Repeat("0", 40),
	} {
		if got, ok := loadreport.Parse([]byte(value)); ok || got != (loadreport.Report{}) {
			t.Errorf("%q was read as %+v", value, got)
		}
	}
}

func TestParseORCA(t *testing.T) {
	for value, want := range map[string]loadreport.Report{
		"TEXT cpu_utilization=0.3, application_utilization=0.5":                                   {Utilization: 0.5},
		"TEXT cpu_utilization=0.3,":                                                               {Utilization: 0.3},
		"TEXT cpu_utilization=0.3":                                                                {Utilization: 0.3},
		"TEXT application_utilization=0,cpu_utilization=0.3":                                      {Utilization: 0.3},
		"cpu_utilization:0.3,named_metrics.queue:7":                                               {Utilization: 0.3},
		"TEXT cpu_utilization = 1.2 , eps = 5 , rps_fractional = 20":                              {Utilization: 1.2, ErrorShare: 0.25},
		"TEXT cpu_utilization=0.3,eps=50,rps_fractional=20":                                       {Utilization: 0.3, ErrorShare: 1},
		"TEXT named_metrics.custom=abc, cpu_utilization=0.3":                                      {Utilization: 0.3},
		`JSON {"cpu_utilization": 0.3, "application_utilization": 0.5}`:                           {Utilization: 0.5},
		`JSON {"cpuUtilization":3e-1}`:                                                            {Utilization: 0.3},
		"JSON \t{ \"cpuUtilization\" :\n\"0.3\" , \"eps\": 1,\"rpsFractional\":4 } ":              {Utilization: 0.3, ErrorShare: 0.25},
		`JSON {"named_metrics": {"cpu_utilization": 9, "}": [1, "]"]}, "cpu_utilization": 0.3}`:   {Utilization: 0.3},
		`JSON {"a\"b": "c\\", "t": true, "n": null, "cpu_utilization": 0.3, "eps": null, "f":[]}`: {Utilization: 0.3},
	} {
		if got, ok := loadreport.ParseORCA([]byte(value)); !ok || got != want {
			t.Errorf("%q: %+v %v, want %+v", value, got, ok, want)
		}
	}
	for _, value := range []string{
		"", "TEXT", "TEXT ", "JSON", "JSON ", "BIN CQAAAAAAANA/", "0.5", "TEXT cpu_utilization", "TEXT cpu_utilization=", "TEXT cpu_utilization=x",
		"TEXT cpu_utilization=-1", "TEXT cpu_utilization=nan", "TEXT mem_utilization=0.5", "TEXT cpu_utilization=0", "TEXT cpu_utilization=73", "TEXT =,",
		"JSON {}", "JSON []", "JSON 0.3", `JSON "cpu_utilization"`, `JSON {"cpu_utilization": 0.3`, `JSON {"cpu_utilization": 0.3}}`,
		`JSON {"cpu_utilization": true}`, `JSON {"cpu_utilization": [0.3]}`, `JSON {"cpu_utilization": {"x": 0.3}}`, `JSON {"cpu_utilization": -0.3}`,
	} {
		if got, ok := loadreport.ParseORCA([]byte(value)); ok {
			t.Errorf("%q was read as %+v", value, got)
		}
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	for _, value := range []string{"73%", "TEXT cpu_utilization=0.3,eps=5", "no report"} { // JSON needs a scanner of encoding/json's pool
		bytes := []byte(value)
		got := testing.AllocsPerRun(1, func() {
			for range 1000 {
				loadreport.Parse(bytes)
				loadreport.ParseORCA(bytes)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations in 1,000 calls", value, got)
		}
	}
}

// Whatever a backend sends: a report is in its range, and JSON is read as encoding/json reads it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"0.73", "73%", "TEXT cpu_utilization=0.3, application_utilization=0.5", "cpu_utilization:0.3", "JSON {}", `JSON {"eps":1}`,
		`JSON {"cpu_utilization": 0.3, "application_utilization": 0.5}`, `JSON {"a":{"b":[1,"}"]},"cpuUtilization":"0.3"}`, `JSON { "\"": "\\" , "cpu_utilization" : 1e-1 }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, parse := range []func([]byte) (loadreport.Report, bool){loadreport.Parse, loadreport.ParseORCA} {
			r, ok := parse(value)
			if !(r.Utilization >= 0 && r.Utilization <= 10 && r.ErrorShare >= 0 && r.ErrorShare <= 1) || !ok && r != (loadreport.Report{}) {
				t.Fatalf("%q: %+v %v", value, r, ok)
			}
		}
		object, isJSON := strings.CutPrefix(strings.Trim(string(value), " \t"), "JSON ")
		if !isJSON {
			return
		}
		r, ok := loadreport.ParseORCA(value)
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(object), &members) != nil || members == nil {
			if ok {
				t.Fatalf("%q was read as %+v", value, r)
			}
			return
		}
		if ok && !someMember(members, r.Utilization) && !strings.Contains(object, `\`) { // an escaped name is another name here
			t.Fatalf("%q: %+v is in none of %v", value, r, members)
		}
	})
}

func someMember(members map[string]json.RawMessage, want float64) bool {
	for _, raw := range members {
		got, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
		if err == nil && got == want {
			return true
		}
	}
	return false
}
