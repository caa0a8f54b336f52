// Command minimax prints the coefficients of the polynomials p with which
// package vector computes powers of two:
//
//	2^f ≈ p(f) = 1 + c1·f + … + c5·f⁵
//
// p(0) = 1 exactly, so the largest score of a softmax weighs exactly one. The
// other coefficients minimise the largest relative error over an interval by
// Remez's exchange algorithm: fit q(f) = (p(f)−1)/f to (2^f−1)/f so that the
// error weighted with |f|/2^f alternates between six points, move the points to
// where the error is largest, repeat. Printed with them: the largest relative
// error, before and after rounding the coefficients to float32.
package main

import (
	"fmt"
	"math"
)

const degree = 5

func main() {
	for _, interval := range [][2]float64{{-0.5, 0.5}, {0, 1}} {
		coefficients := remez(interval[0], interval[1])
		var rounded [degree]float64
		for i, c := range coefficients {
			rounded[i] = float64(float32(c))
		}
		fmt.Printf("[%g, %g]: error %.3g, with float32 coefficients %.3g\n", interval[0], interval[1],
			largest(coefficients, interval[0], interval[1]), largest(rounded, interval[0], interval[1]))
		for i, c := range coefficients {
			fmt.Printf("\tc%d = %#08x // %.9g\n", i+1, math.Float32bits(float32(c)), float32(c))
		}
	}
}

// remez returns c1 … c5 for one interval.
func remez(low, high float64) (c [degree]float64) {
	points := make([]float64, degree+1)
	for i := range points { // Chebyshev's points, moved off zero where the weight vanishes
		points[i] = (low+high)/2 - (high-low)/2*math.Cos(math.Pi*(float64(i)+0.5)/float64(len(points)))
	}
	for range 30 {
		c = alternate(points)
		points = extremes(c, low, high, points)
	}
	return c
}

// alternate solves q(f_i) + (−1)^i·E/weight(f_i) = (2^f_i − 1)/f_i for the
// coefficients and E.
func alternate(points []float64) (c [degree]float64) {
	n := degree + 1
	m := make([][]float64, n)
	for i, f := range points {
		m[i] = make([]float64, n+1)
		for j := range degree {
			m[i][j] = math.Pow(f, float64(j))
		}
		m[i][degree] = math.Exp2(f) / math.Abs(f)
		if i%2 == 1 {
			m[i][degree] = -m[i][degree]
		}
		m[i][n] = math.Expm1(f*math.Ln2) / f
	}
	copy(c[:], solve(m))
	return c
}

// solve is Gaussian elimination with pivoting of an augmented matrix.
func solve(m [][]float64) []float64 {
	n := len(m)
	for col := range n {
		pivot := col
		for r := col; r < n; r++ {
			if math.Abs(m[r][col]) > math.Abs(m[pivot][col]) {
				pivot = r
			}
		}
		m[col], m[pivot] = m[pivot], m[col]
		for r := range n {
			if r == col {
				continue
			}
			factor := m[r][col] / m[col][col]
			for k := col; k <= n; k++ {
				m[r][k] -= factor * m[col][k]
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = m[i][n] / m[i][i]
	}
	return x
}

// extremes finds the largest error of each run of equal sign of q − target and
// keeps the old points if there are not six such runs.
func extremes(c [degree]float64, low, high float64, old []float64) []float64 {
	const steps = 200_000
	var points []float64
	sign, best := 0.0, 0.0
	for i := range steps + 1 {
		f := low + (high-low)*float64(i)/steps
		if math.Abs(f) < 1e-9 {
			continue
		}
		e := relative(c, f) * math.Copysign(1, f)
		if s := math.Copysign(1, e); s != sign {
			sign, best = s, 0
			points = append(points, f)
		}
		if math.Abs(e) > best {
			best = math.Abs(e)
			points[len(points)-1] = f
		}
	}
	if len(points) != degree+1 {
		return old
	}
	return points
}

// relative is p(f)/2^f − 1.
func relative(c [degree]float64, f float64) float64 {
	p := 0.0
	for i := degree - 1; i >= 0; i-- {
		p = (p + c[i]) * f
	}
	return (p - math.Expm1(f*math.Ln2)) / math.Exp2(f)
}

func largest(c [degree]float64, low, high float64) (worst float64) {
	const steps = 100_000
	for i := range steps + 1 {
		worst = max(worst, math.Abs(relative(c, low+(high-low)*float64(i)/steps)))
	}
	return worst
}
