package main

import (
	"fmt"
	"io"
	"math"
	"slices"
)

// The measures of a plot, in pixels.
const (
	plotWidth   = 960.0
	plotLeft    = 76.0
	plotRight   = 24.0
	plotHead    = 96.0
	panelHeight = 132.0
	panelGap    = 34.0
	plotFoot    = 46.0
)

const (
	ink   = "#1f2933"
	faint = "#6b7785"
	grid  = "#e6eaee"
)

// colors of the policies, from a palette that the colour-blind can tell apart. Spillway's line is the thick one.
var colors = map[string]string{"spillway": "#0b57d0", "round robin": "#a3a9b0", "least conn": "#e69f00", "Envoy": "#a23b9c", "HAProxy": "#009e73", "nginx": "#d55e00"}

// fleetColors go from light to dark with the number of proxies.
var fleetColors = []string{"#b9d3f8", "#8fb8f4", "#669df0", "#3f80e6", "#1f63cf", "#134aa3", "#0a2f6e"}

// A panel is one quantity over time.
type panel struct {
	title string
	most  float64 // of the axis; 0: as high as the values go
	log   bool    // from 1 to 10,000
	value func(m *measure, i int) float64
	least bool // show the least, too
}

var panels = []panel{
	{title: "left home, %", least: true, value: func(m *measure, i int) float64 {
		return 100 * float64(m.buckets[i].away) / float64(max(1, m.buckets[i].due))
	}},
	{title: "home slots busy, %", most: 100, value: func(m *measure, i int) float64 {
		return 100 * m.buckets[i].busy / float64(max(1, m.buckets[i].samples))
	}},
	{title: "p99, ms", log: true, value: func(m *measure, i int) float64 {
		sorted := slices.Clone(m.buckets[i].latencies)
		slices.Sort(sorted)
		return quantile(sorted, m.buckets[i].failed, 0.99)
	}},
	{title: "failed, %", value: func(m *measure, i int) float64 {
		return 100 * float64(m.buckets[i].failed) / float64(max(1, m.buckets[i].due))
	}},
}

// writePlot draws the panels of a scenario one below the other.
func writePlot(out io.Writer, s *scenario, list []*trial) {
	height := plotHead + float64(len(panels))*(panelHeight+panelGap) - panelGap + plotFoot
	g := newSVG(out, plotWidth, height)
	g.text(plotLeft, 28, s.title, textStyle{size: 19, fill: ink, anchor: "start", bold: true})
	g.text(plotLeft, 48, s.about, textStyle{size: 12, fill: faint, anchor: "start"})
	legend(g, list)
	y := plotHead
	for i := range panels {
		panels[i].draw(g, s, list, y)
		y += panelHeight + panelGap
	}
	y += plotFoot - panelGap - panelGap + 22
	g.text((plotLeft+plotWidth-plotRight)/2, y+10, "seconds since the first request", textStyle{size: 12, fill: faint, anchor: "middle"})
	g.close()
}

func styleOf(t *trial, i int) lineStyle {
	switch {
	case len(t.scenario.fleets) > 0:
		return lineStyle{color: fleetColors[i%len(fleetColors)], width: 1.8}
	case t.policy == policyNames[0]:
		return lineStyle{color: colors[t.policy], width: 2.8}
	}
	return lineStyle{color: colors[t.policy], width: 1.5}
}

func legend(g svg, list []*trial) {
	x := plotLeft
	entry := func(label string, l lineStyle, bold bool) {
		g.line(x, 66, x+22, 66, l)
		g.text(x+28, 70, label, textStyle{size: 12, fill: ink, anchor: "start", bold: bold})
		x += 48 + 7*float64(len(label))
	}
	for i, t := range list {
		label := t.label
		if len(t.scenario.fleets) > 0 && i == 0 {
			label += " proxy"
		}
		entry(label, styleOf(t, i), t.label == policyNames[0])
	}
	entry("the least that had to leave", leastStyle, false)
}

var leastStyle = lineStyle{color: ink, width: 1.4, dash: "2 4"}

func (p *panel) draw(g svg, s *scenario, list []*trial, top float64) {
	most := p.most
	curves := make([][]float64, len(list))
	for i, t := range list {
		for b := range t.measure.buckets {
			v := p.value(t.measure, b)
			curves[i] = append(curves[i], v)
			if p.most == 0 && !p.log && !math.IsInf(v, 1) {
				most = max(most, v)
			}
		}
	}
	if p.most == 0 {
		most = roundUp(most, 1, 2, 4, 10)
	}
	x := func(t float64) float64 {
		return plotLeft + t/(float64(s.length)/1e9)*(plotWidth-plotLeft-plotRight)
	}
	y := func(v float64) float64 {
		part := v / most
		if p.log {
			part = math.Log10(max(1, v)) / 4
		}
		return top + panelHeight*(1-min(1, part))
	}
	p.axes(g, s, top, most, x, y)
	if p.least {
		var points []point
		for b := 0; b < len(list[0].measure.buckets); b += 2 {
			due := list[0].measure.buckets[b].due + list[0].measure.buckets[min(b+1, len(list[0].measure.buckets)-1)].due
			points = append(points, point{x(float64(b+1) / 2), y(100 * list[0].measure.leastAt(b) / float64(max(1, due)))})
		}
		defer g.curve(points, leastStyle)
	}
	for i := len(list) - 1; i >= 0; i-- { // the first on top
		var points []point
		for b, v := range curves[i] {
			points = append(points, point{x((float64(b) + 0.5) / 2), y(v)})
		}
		g.curve(points, styleOf(list[i], i))
	}
}

// axes draws the frame of a panel, its scales, and a line for each moment at which something changes.
func (p *panel) axes(g svg, s *scenario, top, most float64, x, y func(float64) float64) {
	right := plotWidth - plotRight
	g.text(plotLeft-52, top+panelHeight/2, p.title, textStyle{size: 12, fill: ink, anchor: "middle", turned: true})
	marks := []float64{0, most / 4, most / 2, most * 3 / 4, most}
	if p.log {
		marks = []float64{1, 10, 100, 1000, 10_000}
	}
	for _, v := range marks {
		g.line(plotLeft, y(v), right, y(v), lineStyle{color: grid, width: 1})
		label := fmt.Sprintf("%.4g", v)
		if p.log && v == marks[len(marks)-1] {
			label = "failed"
		}
		g.text(plotLeft-8, y(v)+4, label, textStyle{size: 11, fill: faint, anchor: "end"})
	}
	for t := 0.0; t <= float64(s.length)/1e9; t += roundUp(float64(s.length)/8e9, 1, 2, 5) {
		g.line(x(t), top, x(t), top+panelHeight, lineStyle{color: grid, width: 1})
		g.text(x(t), top+panelHeight+15, fmt.Sprintf("%g", t), textStyle{size: 11, fill: faint, anchor: "middle"})
	}
	drawn := -1.0
	for _, f := range s.faults {
		if at := x(float64(f.at) / 1e9); at > drawn+1 {
			g.line(at, top, at, top+panelHeight, lineStyle{color: "#c2410c", width: 1, dash: "3 3"})
			drawn = at
		}
	}
	g.line(plotLeft, top+panelHeight, right, top+panelHeight, lineStyle{color: faint, width: 1})
}

// roundUp is the next of some steps times a power of ten, at least 1.
func roundUp(v float64, steps ...float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(max(v, 1))))
	for _, m := range steps {
		if v <= m*unit*(1+1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}
