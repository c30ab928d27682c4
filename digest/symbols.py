"""The characters that stand for LaTeX symbols where no maths can be drawn."""

SUPERSCRIPTS = dict(zip("0123456789+-=()n*′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ*′", strict=True))
SUBSCRIPTS = dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True))

_GREEK = """
alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ nu ν
xi ξ pi π rho ρ varrho ϱ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ
Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
"""
_SIGNS = """
times × cdot · pm ± mp ∓ div ÷ ast * star ⋆ circ ∘ bullet • leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ approx ≈ sim ∼ simeq ≃
equiv ≡ propto ∝ ll ≪ gg ≫ to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftrightarrow ⇔ mapsto ↦
longrightarrow → in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ setminus ∖ emptyset ∅ forall ∀
exists ∃ neg ¬ land ∧ lor ∨ wedge ∧ vee ∨ oplus ⊕ otimes ⊗ infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ ell ℓ
hbar ℏ Re ℜ Im ℑ aleph ℵ ldots … dots … cdots ⋯ vdots ⋮ prime ′ dagger † ddagger ‡ S § mid | vert | Vert ‖
lVert ‖ rVert ‖ lvert | rvert | langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ perp ⊥ parallel ∥ top ⊤ bot ⊥
triangle △ square □ degree ° checkmark ✓ dtimes × uparrow ↑ downarrow ↓ lesssim ≲ gtrsim ≳
"""
_FUNCTIONS = "log ln exp sin cos tan tanh min max sup inf lim arg det dim deg gcd ker Pr argmin argmax softmax"
NAMED = frozenset(_FUNCTIONS.split())
OVER = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0305", "underline": "\u0332", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308",
}  # fmt: skip
_SILENT = """
mathcal mathbb mathbf mathrm mathsf mathtt mathit mathfrak mathscr boldsymbol bm operatorname text textbf textit rm bf
it cal left right big Big bigl bigr Bigl Bigr displaystyle textstyle limits
"""

# What stands in prose as a macro of LaTeX or of a journal's style, with nothing to tell that it is maths.
_WRITTEN = """
textasciicircum ^ textasciitilde ~ textdegree ° textendash – textemdash — eg e.g. ie i.e. etc etc.
"""


def _pairs(words: str) -> dict[str, str]:
    """Read "macro sign macro sign ..." as a table."""
    listed = words.split()
    return dict(zip(listed[::2], listed[1::2], strict=True))


SYMBOLS: dict[str, str] = {
    **_pairs(_GREEK),
    **_pairs(_SIGNS),
    **{name: f"{name} " for name in sorted(NAMED)},
    **dict.fromkeys(_SILENT.split(), ""),
    **dict.fromkeys(("quad", "qquad", "enspace", "thinspace"), " "),
}
IN_PROSE = {**_pairs(_GREEK), **_pairs(_SIGNS), **_pairs(_WRITTEN)}
