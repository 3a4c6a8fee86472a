package profile

import (
	"os"
	"runtime"
	"slices"

	"github.com/google/pprof/profile"
)

// unskid moves samples at the instruction after an atomic one to the atomic one. A processor takes an interrupt between
// two instructions, so the time that an atomic instruction waits for its cache line is recorded at the next, which
// often belongs to another line and is not an atomic operation. It reads the code of this process; where it cannot, or
// the code is not that of amd64, samples stay where they are.
func unskid(p *Profile) {
	mem, err := os.Open("/proc/self/mem")
	if err != nil || runtime.GOARCH != "amd64" {
		return
	}
	defer mem.Close()
	moved := map[*profile.Location]*profile.Location{}
	for _, s := range p.Sample {
		at := 0
		for at+1 < len(s.Location) && isPreempt(s.Location[at]) {
			at++ // the code that was interrupted
		}
		if at == len(s.Location) {
			continue
		}
		leaf := s.Location[at]
		to, seen := moved[leaf]
		if !seen {
			code := make([]byte, longestLocked)
			_, err := mem.ReadAt(code, int64(leaf.Address)-longestLocked)
			if back := lockedAtEnd(code); err == nil && back > 0 {
				to = locationAt(p, leaf, leaf.Address-uint64(back))
			}
			moved[leaf] = to
		}
		if to != nil {
			s.Location[at] = to
		}
	}
}

// isPreempt reports whether a location is where a signal preempts a goroutine.
func isPreempt(l *profile.Location) bool {
	return len(l.Line) == 1 && l.Line[0].Function != nil && l.Line[0].Function.Name == "runtime.asyncPreempt"
}

// nearCall is within how many bytes before an instruction of an inlined function there is one of its caller.
const nearCall = 32

// locationAt adds a location at an address of this process that is a little before another; nil if it is in code that
// the other does not belong to. The runtime tells the innermost function at an address only. If an atomic operation was
// inlined, the code before it belongs to the line that calls it.
func locationAt(p *Profile, other *profile.Location, address uint64) *profile.Location {
	inner := frameAt(address)
	lines, rest := []runtime.Frame{inner}, 0
	for back := uint64(1); !isOn(other, inner.Function, &rest); back++ {
		if back > nearCall || address < back {
			return nil
		}
		caller := frameAt(address - back)
		if caller.Function != inner.Function && isOn(other, caller.Function, &rest) {
			lines = append(lines, caller)
			break
		}
	}
	l := &profile.Location{ID: uint64(len(p.Location) + 1), Mapping: other.Mapping, Address: address}
	for _, f := range lines {
		l.Line = append(l.Line, profile.Line{Function: functionOf(p, f), Line: int64(f.Line)})
	}
	l.Line = append(l.Line, other.Line[rest:]...)
	p.Location = append(p.Location, l)
	return l
}

// isOn reports whether a function is at a location, and sets next to the index of its caller there.
func isOn(l *profile.Location, function string, next *int) bool {
	at := slices.IndexFunc(l.Line, func(x profile.Line) bool {
		return x.Function != nil && x.Function.Name == function
	})
	*next = at + 1
	return at >= 0
}

// frameAt returns the innermost function and line at an address of this process.
func frameAt(address uint64) runtime.Frame {
	f, _ := runtime.CallersFrames([]uintptr{uintptr(address) + 1}).Next()
	return f
}

// functionOf returns the function of a frame, which it adds if p does not have it.
func functionOf(p *Profile, f runtime.Frame) *profile.Function {
	at := slices.IndexFunc(p.Function, func(x *profile.Function) bool {
		return x.Name == f.Function && x.Filename == f.File
	})
	if at < 0 {
		at = len(p.Function)
		p.Function = append(p.Function, &profile.Function{ID: uint64(at + 1), Name: f.Function, SystemName: f.Function,
			Filename: f.File})
	}
	return p.Function[at]
}

// longestLocked is the length of the longest instruction that lockedAtEnd recognizes.
const longestLocked = 14

// lockedAtEnd returns the length of the instruction at the end of code if it is one of amd64 with the prefix LOCK that
// changes memory, else 0.
func lockedAtEnd(code []byte) int {
	for length := 3; length <= len(code); length++ {
		if code[len(code)-length] == 0xf0 && lockedLength(code[len(code)-length:]) == length {
			return length
		}
	}
	return 0
}

// lockedLength returns the length of the instruction that code begins with: LOCK, maybe a prefix for the size of its
// operands, an operation, and an address in memory. It returns 0 for others. The code has at least three bytes, the
// first of which is LOCK.
func lockedLength(code []byte) int {
	i := 1
	if code[i] == 0x66 || code[i]&0xf0 == 0x40 {
		i++
	}
	immediate := 0
	switch op := code[i]; {
	case op == 0x0f && i+1 < len(code):
		i++
		if !slices.Contains([]byte{0xc0, 0xc1, 0xb0, 0xb1}, code[i]) { // XADD, CMPXCHG
			return 0
		}
	case op == 0x83:
		immediate = 1
	case op == 0x81:
		immediate = 4
	case op == 0xff: // INC, DEC
	case op&0x07 <= 1 && op < 0x38: // ADD, OR, AND, SUB, XOR of a register
	default:
		return 0
	}
	i++
	if i >= len(code) {
		return 0
	}
	mode, memory := code[i]>>6, code[i]&7
	i++
	if mode == 3 { // a register
		return 0
	}
	wide := mode == 2 || mode == 0 && memory == 5
	if memory == 4 {
		if i >= len(code) {
			return 0
		}
		wide = wide || mode == 0 && code[i]&7 == 5
		i++
	}
	switch {
	case wide:
		i += 4
	case mode == 1:
		i++
	}
	return i + immediate
}
