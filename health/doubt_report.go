package health

// reportReach tells the doubt whether a check of the backend reached its host. The caller holds the group's mutex.
func (t *Tracker) reportReach(now int64, reached bool) {
	d := t.group.doubt
	if d == nil || t.place.Host == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if t.target == nil {
		t.target, t.unreached = d.join(t.place), false
	}
	target := t.target
	check := t.group.settings.Check
	target.window = int64(check.Interval+check.Timeout) + int64(check.Jitter*float64(check.Interval))
	wasLost := target.lost()
	if t.unreached == reached {
		t.unreached = !reached
		if reached {
			target.unreached--
		} else {
			target.unreached++
		}
	}
	if reached {
		target.known, target.lostAt = true, 0
	} else if target.lost() && target.lostAt == 0 {
		target.lostAt = now
	}
	if d.doubting.Load() || target.lost() && !wasLost {
		d.think(now)
	}
}

// join returns the target of a place, with one tracker more.
func (d *Doubt) join(p Place) *doubtTarget {
	target := d.targets[p.Host]
	if target == nil {
		target = &doubtTarget{host: p.Host, region: p.Region}
		d.targets[p.Host] = target
	}
	target.trackers++
	return target
}

// leaveDoubt withdraws what the backend's checks said. The caller holds the group's mutex.
func (t *Tracker) leaveDoubt() {
	d, target := t.group.doubt, t.target
	if target == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	target.trackers--
	if t.unreached {
		target.unreached--
	}
	t.target, t.unreached = nil, false
	if target.trackers == 0 {
		delete(d.targets, target.host)
	}
}
