"""The logits of a small model by a forward pass in float64, written from the published definitions of its architecture
(the model code of Hugging Face transformers, and the papers): slow, plain, and independent of the engine.

usage: exact_logits.py MODEL.gguf OUT.f32 TOKEN...     writes float32 [tokens, vocabulary]

Where a GGUF file leaves a convention open (what yarn's multiplier means, which layers share a cache), llama.cpp's reading is
taken, because the files are made for it.
"""
import sys

import numpy as np

import gguf_file

ADJACENT_PAIRS = {"llama", "mistral3", "ernie4_5", "ernie4_5-moe", "deepseek2", "granitehybrid"}
RECURRENT = {"lfm2", "lfm2moe", "granitehybrid", "qwen35", "qwen35moe"}
FULL = "full attention"  # a layer that looks back to the first token
SLIDING = "sliding attention"


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))


def yarn_magnitude(factor, multiplier):
    return 1 + 0.1 * multiplier * np.log(factor) if factor > 1 else 1.0


class Model:
    def __init__(self, path):
        keys, self.tensors = gguf_file.read(path)
        self.architecture = keys["general.architecture"][1].decode()
        self.keys = {name.removeprefix(self.architecture + "."): value for name, (_, value) in keys.items()}
        self.layers = self.key("block_count")
        self.d_model = self.key("embedding_length")
        self.head_sizes = {FULL: self.key("attention.key_length", self.d_model // self.key("attention.head_count"))}
        self.head_sizes[SLIDING] = self.key("attention.key_length_swa", self.head_sizes[FULL])

    def key(self, name, default=None):
        value = self.keys.get(name, default)
        if isinstance(value, tuple):
            return value[1]
        return value.decode() if isinstance(value, bytes) else value

    def layer_key(self, name, layer):
        value = self.key(name)
        return value[layer] if isinstance(value, list) else value

    def tensor(self, name):
        return self.tensors.get(name)

    def layer_tensor(self, layer, name, kind="weight"):
        return self.tensors.get(f"blk.{layer}.{name}.{kind}")

    def norm(self, x, weight=1.0):
        epsilon = self.key("attention.layer_norm_rms_epsilon")
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight

    def linear(self, layer, name, x):
        bias = self.layer_tensor(layer, name, "bias")
        return x @ self.layer_tensor(layer, name).T + (0 if bias is None else bias)

    def kind(self, layer):
        if not self.key("attention.sliding_window", 0) or self.architecture == "phi3":  # phi3: as llama.cpp, without
            return FULL
        pattern = self.key("attention.sliding_window_pattern", 4)
        sliding = pattern[layer] if isinstance(pattern, list) else layer % pattern < pattern - 1
        return SLIDING if sliding else FULL


# ---------------------------------------------------------------------------------------------------------- rotation

def yarn(model, rates, dims, base):
    """Rates between those of the trained context and the stretched ones. Source: Peng et al., "YaRN"."""
    factor, original = model.key("rope.scaling.factor"), model.key("rope.scaling.original_context_length")

    def pair_turning(times):
        return dims * np.log(original / (times * 2 * np.pi)) / (2 * np.log(base))

    low = max(0, np.floor(pair_turning(model.key("rope.scaling.yarn_beta_fast", 32.0))))
    high = min(dims - 1, np.ceil(pair_turning(model.key("rope.scaling.yarn_beta_slow", 1.0))))
    keep = 1 - np.clip((np.arange(dims // 2) - low) / max(0.001, high - low), 0, 1)
    multiplier = model.key("rope.scaling.yarn_log_multiplier", 0.0)
    # The multiplier is mscale_all_dim, and mscale is 1; in deepseek2 the file holds a tenth of it, and both are equal.
    magnitude = yarn_magnitude(factor, 1.0)
    if multiplier:
        magnitude = 1.0 if model.architecture == "deepseek2" else magnitude / yarn_magnitude(factor, multiplier)
    return rates / factor * (1 - keep) + rates * keep, magnitude


def rates_and_magnitude(model, kind, dims, context):
    """Radians per position of each pair, and the factor of the rotated values."""
    base = model.key("rope.freq_base", 10000.0)
    if kind == SLIDING:
        base = model.key("rope.freq_base_swa", base)
    rates = base ** (-2.0 * np.arange(dims // 2) / dims)
    magnitude = 1.0
    if kind == FULL:  # sliding layers keep the rates that they were trained with
        longrope = context > model.key("rope.scaling.original_context_length", 0)
        for name in ("rope_freqs", "rope_factors_long" if longrope else "rope_factors_short"):
            if model.tensor(name + ".weight") is not None:
                rates = rates / model.tensor(name + ".weight")
        if model.key("rope.scaling.type") == "linear":
            rates = rates / model.key("rope.scaling.factor")
        if model.key("rope.scaling.type") == "yarn":
            rates, magnitude = yarn(model, rates, dims, base)
        magnitude *= model.key("rope.scaling.attn_factor", 1.0)
    return rates, magnitude


def rotate(model, x, kind, context):
    """Rotates the first values of x [tokens, heads, values]; as many as the file says."""
    dims = model.key("rope.dimension_count", x.shape[-1])
    if kind == SLIDING:
        dims = model.key("rope.dimension_count_swa", dims)
    rates, magnitude = rates_and_magnitude(model, kind, dims, context)
    angles = np.arange(len(x))[:, None, None] * rates
    cos, sin = np.cos(angles) * magnitude, np.sin(angles) * magnitude
    adjacent = model.architecture in ADJACENT_PAIRS
    first = slice(0, dims, 2) if adjacent else slice(0, dims // 2)
    second = slice(1, dims, 2) if adjacent else slice(dims // 2, dims)
    y = x.copy()
    y[..., first] = x[..., first] * cos - x[..., second] * sin
    y[..., second] = x[..., first] * sin + x[..., second] * cos
    return y


# --------------------------------------------------------------------------------------------------------- attention

def attend(q, k, v, scale, window, block=500):
    """q [tokens, heads, values], k and v [tokens, fewer heads, values]; each token sees the last `window` ones."""
    tokens, heads = q.shape[:2]
    k, v = (np.repeat(x, heads // x.shape[1], 1) for x in (k, v))
    out = np.zeros((tokens, heads, v.shape[2]))
    for first in range(0, tokens, block):
        end = min(tokens, first + block)
        back = np.arange(first, end)[:, None] - np.arange(end)
        for head in range(heads):
            scores = q[first:end, head] @ k[:end, head].T * scale
            out[first:end, head] = softmax(np.where((back < 0) | (back >= window), -np.inf, scores)) @ v[:end, head]
    return out.reshape(tokens, -1)


def temperature(model, tokens):
    """What queries far into the context are multiplied by. Source: Llama 4's and Ministral 3's model code."""
    scale = model.key("attention.temperature_scale", 0.0)
    stretch = model.key("rope.scaling.original_context_length") if scale else 1
    return (1 + scale * np.log(1 + np.arange(tokens) // stretch))[:, None, None]


def norm_queries_or_keys(model, x, weight):
    if weight is None:
        return x
    if weight.size == x.shape[-1]:
        return model.norm(x, weight)
    return model.norm(x.reshape(len(x), -1), weight).reshape(x.shape)


def projections(model, layer, x):
    """Queries, keys and values [tokens, heads, values] before the rotation; a tensor may hold all three."""
    size = model.head_sizes[model.kind(layer)]
    if model.layer_tensor(layer, "attn_qkv") is None:
        return [model.linear(layer, name, x).reshape(len(x), -1, size) for name in ("attn_q", "attn_k", "attn_v")]
    heads, shared = model.key("attention.head_count"), model.key("attention.head_count_kv")
    rows = model.linear(layer, "attn_qkv", x).reshape(len(x), -1, size)
    return np.split(rows, [heads, heads + shared], 1)


def attention(model, layer, x, context):
    kind = model.kind(layer)
    q, k, v = projections(model, layer, x)
    q = norm_queries_or_keys(model, q, model.layer_tensor(layer, "attn_q_norm"))
    k = norm_queries_or_keys(model, k, model.layer_tensor(layer, "attn_k_norm"))
    q = rotate(model, q, kind, context) * temperature(model, len(x))
    window = model.key("attention.sliding_window") if kind == SLIDING else np.inf
    out = attend(q, rotate(model, k, kind, context), v, 1 / np.sqrt(q.shape[-1]), window)
    return model.linear(layer, "attn_output", out)


def latent_attention(model, layer, x, context):
    """Keys and values of all heads from one latent vector; one rotated key for all heads.
    Source: DeepSeek-V2, section 2.1. Written as it is defined: keys and values are made, not absorbed."""
    tokens, heads = len(x), model.key("attention.head_count")
    rank, rotated = model.key("attention.kv_lora_rank"), model.key("rope.dimension_count")
    if model.key("attention.q_lora_rank"):
        low = model.norm(model.linear(layer, "attn_q_a", x), model.layer_tensor(layer, "attn_q_a_norm"))
        q = model.linear(layer, "attn_q_b", low).reshape(tokens, heads, -1)
    else:
        q = model.linear(layer, "attn_q", x).reshape(tokens, heads, -1)
    plain = q.shape[-1] - rotated
    compressed = model.linear(layer, "attn_kv_a_mqa", x)
    latent = model.norm(compressed[:, :rank], model.layer_tensor(layer, "attn_kv_a_norm"))
    if model.layer_tensor(layer, "attn_kv_b") is None:
        k = np.einsum("tr,hrp->thp", latent, model.layer_tensor(layer, "attn_k_b"))
        v = np.einsum("tr,hpr->thp", latent, model.layer_tensor(layer, "attn_v_b"))
    else:
        k, v = np.split(model.linear(layer, "attn_kv_b", latent).reshape(tokens, heads, -1), [plain], 2)
    key = rotate(model, compressed[:, None, rank:], FULL, context)
    k = np.concatenate([k, np.repeat(key, heads, 1)], 2)
    q = np.concatenate([q[..., :plain], rotate(model, q[..., plain:], FULL, context)], 2)
    magnitude = 1.0
    if model.key("rope.scaling.type") == "yarn":
        multiplier = 10 * model.key("rope.scaling.yarn_log_multiplier", 0.0)
        magnitude = yarn_magnitude(model.key("rope.scaling.factor"), multiplier)
    return model.linear(layer, "attn_output", attend(q, k, v, magnitude ** 2 / np.sqrt(q.shape[-1]), np.inf))


# ------------------------------------------------------------------------------------------------------ hidden layers

def feed_forward(model, layer, x, activation, names=("ffn_gate", "ffn_up", "ffn_down")):
    gate, up, down = names
    if model.layer_tensor(layer, gate) is None:  # one tensor holds both
        halves = np.split(model.linear(layer, up, x), 2, 1)
    else:
        halves = model.linear(layer, gate, x), model.linear(layer, up, x)
    return model.linear(layer, down, activation(halves[0]) * halves[1])


def chosen_experts(model, layer, logits):
    """Experts of each token [tokens, used], and their weights."""
    sigmoid_gate = model.key("expert_gating_func", 1) == 2
    weights = sigmoid(logits) if sigmoid_gate else softmax(logits)
    bias = model.layer_tensor(layer, "exp_probs_b", "bias")
    rank = weights if bias is None else weights + bias
    groups = model.key("expert_group_count", 1)
    if groups > 1:  # only the groups whose two best experts sum up highest
        grouped = rank.reshape(len(rank), groups, -1)
        best = np.argsort(-np.sort(grouped)[..., -2:].sum(-1), kind="stable")[:, :model.key("expert_group_used_count")]
        open_groups = np.zeros(grouped.shape[:2], bool)
        np.put_along_axis(open_groups, best, True, 1)
        rank = np.where(open_groups[..., None], grouped, -np.inf).reshape(rank.shape)
    chosen = np.argsort(-rank, kind="stable")[:, :model.key("expert_used_count")]
    weights = np.take_along_axis(weights, chosen, 1)
    if model.key("expert_weights_norm", model.architecture != "deepseek2"):
        weights = weights / weights.sum(-1, keepdims=True)
    return chosen, weights * (model.key("expert_weights_scale", 1.0) or 1.0)


def experts(model, layer, x, logits, activation):
    gate, up, down = (model.layer_tensor(layer, f"ffn_{name}_exps") for name in ("gate", "up", "down"))
    if gate is None:
        gate, up = np.split(model.layer_tensor(layer, "ffn_gate_up_exps"), 2, 1)
    scales = model.layer_tensor(layer, "ffn_down_exps", "scale")
    chosen, weights = chosen_experts(model, layer, logits)
    y = np.zeros_like(x)
    for token in range(len(x)):
        for expert, weight in zip(chosen[token], weights[token]):
            hidden = activation(gate[expert] @ x[token]) * (up[expert] @ x[token])
            y[token] += weight * (1 if scales is None else scales[expert]) * (down[expert] @ hidden)
    return y


def hidden(model, layer, x):
    if model.layer_tensor(layer, "ffn_gate_inp") is None:
        return feed_forward(model, layer, x, silu)
    y = experts(model, layer, x, model.linear(layer, "ffn_gate_inp", x), silu)
    if model.layer_tensor(layer, "ffn_up_shexp") is not None:
        y = y + feed_forward(model, layer, x, silu, ("ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"))
    return y


# ------------------------------------------------------------------------------------------------------- whole models

def run(model, tokens, context):
    """The shape that most share: a norm before each of the two blocks, or after it (olmo2)."""
    after = model.architecture == "olmo2"
    mix = latent_attention if model.architecture == "deepseek2" else attention

    def normed(x, layer, name):
        return model.norm(x, model.layer_tensor(layer, name))

    x = model.tensor("token_embd.weight")[tokens]
    for layer in range(model.layers):
        if after:
            x = x + normed(mix(model, layer, x, context), layer, "post_attention_norm")
            x = x + normed(hidden(model, layer, x), layer, "post_ffw_norm")
        else:
            x = x + mix(model, layer, normed(x, layer, "attn_norm"), context)
            x = x + hidden(model, layer, normed(x, layer, "ffn_norm"))
    return x


class Gemma4:
    """Source: transformers, models/gemma4."""

    def __init__(self, model, tokens, context):
        self.model, self.tokens, self.context = model, tokens, context
        self.caches = {}  # kind of layer -> keys and values of the last layer of that kind that has its own

    def normed(self, x, layer, name):
        return self.model.norm(x, self.model.layer_tensor(layer, name))

    def attention(self, layer, x):
        model, kind = self.model, self.model.kind(layer)
        size = model.head_sizes[kind]

        def heads(name):
            return model.linear(layer, name, x).reshape(len(x), -1, size)

        q = rotate(model, self.normed(heads("attn_q"), layer, "attn_q_norm"), kind, self.context)
        if layer < model.layers - model.key("attention.shared_kv_layers", 0):
            k = heads("attn_k")
            v = k if model.layer_tensor(layer, "attn_v") is None else heads("attn_v")
            k = rotate(model, self.normed(k, layer, "attn_k_norm"), kind, self.context)
            self.caches[kind] = k, model.norm(v)
        window = model.key("attention.sliding_window") if kind == SLIDING else np.inf
        return model.linear(layer, "attn_output", attend(q, *self.caches[kind], 1.0, window))

    def hidden(self, layer, x):
        model = self.model
        y = feed_forward(model, layer, self.normed(x, layer, "ffn_norm"), gelu)
        router = model.layer_tensor(layer, "ffn_gate_inp")
        if router is None:
            return y
        scaled = model.norm(x) / np.sqrt(model.d_model) * model.layer_tensor(layer, "ffn_gate_inp", "scale")
        mixed = experts(model, layer, self.normed(x, layer, "pre_ffw_norm_2"), scaled @ router.T, gelu)
        return self.normed(y, layer, "post_ffw_norm_1") + self.normed(mixed, layer, "post_ffw_norm_2")

    def layer_inputs(self, x):
        """Per-layer embeddings [tokens, layers, width]: of the token, and of the model's input."""
        model = self.model
        width = model.key("embedding_length_per_layer_input", 0)
        if not width:
            return None
        own = model.tensor("per_layer_token_embd.weight")[self.tokens] * np.sqrt(width)
        shared = (x @ model.tensor("per_layer_model_proj.weight").T / np.sqrt(model.d_model)).reshape(len(x), -1, width)
        shared = model.norm(shared, model.tensor("per_layer_proj_norm.weight"))
        return (shared + own.reshape(shared.shape)) / np.sqrt(2)

    def run(self):
        model = self.model
        x = model.tensor("token_embd.weight")[self.tokens] * np.sqrt(model.d_model)
        inputs = self.layer_inputs(x)
        for layer in range(model.layers):
            mixed = self.attention(layer, self.normed(x, layer, "attn_norm"))
            x = x + self.normed(mixed, layer, "post_attention_norm")
            x = x + self.normed(self.hidden(layer, x), layer, "post_ffw_norm")
            if inputs is not None:
                gated = gelu(model.linear(layer, "inp_gate", x)) * inputs[:, layer]
                x = x + self.normed(model.linear(layer, "proj", gated), layer, "post_norm")
            scale = model.layer_tensor(layer, "layer_output_scale")
            x = x if scale is None else x * scale
        return x


def logits(path, tokens, context=64):
    model = Model(path)
    if model.architecture in RECURRENT:
        import exact_recurrent  # here, because it uses this file
        return exact_recurrent.logits(model, tokens, context)
    x = Gemma4(model, tokens, context).run() if model.architecture == "gemma4" else run(model, tokens, context)
    head = model.tensor("output.weight")
    head = model.tensor("token_embd.weight") if head is None else head
    out = model.norm(x, model.tensor("output_norm.weight")) @ head.T
    cap = model.key("final_logit_softcapping", 0.0)
    return cap * np.tanh(out / cap) if cap else out


if __name__ == "__main__":
    logits(sys.argv[1], [int(token) for token in sys.argv[3:]]).astype("<f4").tofile(sys.argv[2])
