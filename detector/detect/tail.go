package detect

import "math"

// Tail returns −ln P(Y ≥ reports), in nats, for a negative binomial count Y with
// the given mean and size: the detector's score of one window before its share for
// having tested several. It is for comparing other methods with the same formula.
func Tail(reports int, mean, size float64) float64 { return tail(reports, mean, size) }

// tail returns −ln P(Y ≥ y), in nats, for a negative binomial count Y with the
// given mean and size (variance = mean + mean²/size). It is 0 for y ≤ 0 and +Inf
// for y > 0 when the mean is 0.
//
// P(Y ≥ y) is the regularised incomplete beta function I_x(y, size) at
// x = mean/(mean+size). It is evaluated in logarithms, by the continued fraction
// of Numerical Recipes (3rd ed., 6.4) on the side where it converges quickly, so
// that hundreds of nats are as exact as a few.
func tail(y int, mean, size float64) float64 {
	return tailAbove(y, mean, size, 0)
}

// tailAbove is tail for a caller to whom less than need is nothing: then it may
// return 0. It spares most of the work for counts that are not unusual, since
// P(Y ≥ y) is at least P(Y = y).
func tailAbove(y int, mean, size, need float64) float64 {
	switch {
	case y <= 0:
		return 0
	case mean <= 0:
		return math.Inf(1)
	}
	a, b := float64(y), size
	first := logMass(a, mean, size)
	if -first < need {
		return 0
	}
	x := mean / (mean + size)
	if x < (a+1)/(a+b+2) {
		return max(-first-math.Log(betaFraction(a, b, x)), 0)
	}
	// Here P is near one: take its complement.
	complement := math.Exp(first + math.Log(a/b) + math.Log(betaFraction(b, a, 1-x)))
	return -math.Log1p(-min(complement, 1))
}

// logMass is ln P(Y = y).
func logMass(y, mean, size float64) float64 {
	// y·ln(mean/(mean+size)) + size·ln(size/(mean+size)), without cancellation.
	powers := -y*math.Log1p(size/mean) - size*math.Log1p(mean/size)
	return logChoose(y, size) + powers
}

// logChoose is ln Γ(y+size) − ln Γ(y+1) − ln Γ(size).
func logChoose(y, size float64) float64 {
	const large = 32
	if y < large {
		top, _ := math.Lgamma(y + size)
		fact, _ := math.Lgamma(y + 1)
		bottom, _ := math.Lgamma(size)
		return top - fact - bottom
	}
	// Stirling's series for the ratio of the two large ones.
	ratio := (y+0.5)*math.Log1p((size-1)/(y+1)) + (size-1)*(math.Log(y+size)-1) +
		stirling(y+size) - stirling(y+1)
	bottom, _ := math.Lgamma(size)
	return ratio - bottom
}

// stirling is ln Γ(z) − ((z−½)·ln z − z + ½·ln 2π) for z ≥ 32, to 1e-16.
func stirling(z float64) float64 {
	z2 := z * z
	return (1.0/12 - (1.0/360-(1.0/1260-1.0/1680/z2)/z2)/z2) / z
}

// betaFraction is the continued fraction of the incomplete beta function, by
// the modified method of Lentz.
func betaFraction(a, b, x float64) float64 {
	const (
		tiny      = 1e-300
		precision = 1e-15
		most      = 10_000 // the number of steps grows with the root of a and b
	)
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m < most; m++ {
		step := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / away(1+step*d)
		c = away(1 + step/c)
		f *= d * c
		step = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / away(1+step*d)
		c = away(1 + step/c)
		f *= d * c
		if math.Abs(d*c-1) < precision {
			break
		}
	}
	return f
}
