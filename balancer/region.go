package balancer

// region is the part of a view that is in one place: its primaries, then its backups.
type region struct {
	name    string
	members []*Member // those with a weight
	tiers   []*tier   // in the order in which they are used
}

// open builds the tiers. It needs the whole view first, because panic is a matter of all regions.
func (g *region) open(s Settings, v, previous *View) {
	for _, backup := range [...]bool{false, true} {
		var members []*Member
		for _, m := range g.members {
			if m.Backup == backup {
				members = append(members, m)
			}
		}
		if len(members) > 0 {
			g.tiers = append(g.tiers, newTier(s, v, backup, members, previous.tier(g.name, backup)))
		}
	}
}

// pick reports full when it found nobody but somebody would do who is at his limit.
func (g *region) pick(r *Request) (m *Member, full bool) {
	for _, t := range g.tiers {
		if len(t.usable) == 0 {
			continue
		}
		m, atLimit := t.picker.pick(r)
		if m != nil {
			return m, false
		}
		full = full || atLimit
	}
	return nil, full
}

// tier finds the tier of the same place in a view that may be nil.
func (v *View) tier(region string, backup bool) *tier {
	if v == nil {
		return nil
	}
	for i := range v.regions {
		if v.regions[i].name != region {
			continue
		}
		for _, t := range v.regions[i].tiers {
			if t.backup == backup {
				return t
			}
		}
	}
	return nil
}
