"""The layers that carry a state from token to token, in float64 and token by token, as they are defined; for exact_logits.py.

Sources: Mamba-2: Dao and Gu 2024, "Transformers are SSMs". Gated delta net: Yang, Kautz and Hatamizadeh 2024, "Gated Delta
Networks". The blocks around them: the model code of Hugging Face transformers for lfm2, lfm2_moe, granitemoehybrid and qwen3_5.
"""
import numpy as np

import exact_logits as exact
from exact_logits import sigmoid, silu


def softplus(x):
    return np.logaddexp(x, 0)


def convolve(x, weight, bias=0):
    """Each channel over its own past. x [tokens, channels], weight [channels, taps]; the last tap meets the present token."""
    taps = weight.shape[1]
    padded = np.concatenate([np.zeros((taps - 1, x.shape[1])), x])
    return sum(padded[tap:tap + len(x)] * weight[:, tap] for tap in range(taps)) + bias


def short_convolution(model, layer, x):
    before, after, values = np.split(model.linear(layer, "shortconv.in_proj", x), 3, 1)
    mixed = convolve(before * values, model.layer_tensor(layer, "shortconv.conv"))
    return model.linear(layer, "shortconv.out_proj", after * mixed)


def state_space(model, layer, x):
    """S = exp(dt a) S + dt x b^T and y = S c + d x for each head; heads of a group share b and c."""
    inner, size, heads, groups = (model.key("ssm." + name) for name in ("inner_size", "state_size", "time_step_rank", "group_count"))
    rows = model.linear(layer, "ssm_in", x)
    gate, mixed, steps = np.split(rows, [inner, 2 * inner + 2 * groups * size], 1)
    mixed = silu(convolve(mixed, model.layer_tensor(layer, "ssm_conv1d"), model.layer_tensor(layer, "ssm_conv1d", "bias")))
    steps = softplus(steps + model.layer_tensor(layer, "ssm_dt", "bias"))
    rates, skips = (model.tensor(f"blk.{layer}.{name}").reshape(heads, 1) for name in ("ssm_a", "ssm_d"))
    state, out = np.zeros((heads, inner // heads, size)), []
    for token, step in zip(mixed, steps[:, :, None]):
        values = token[:inner].reshape(heads, -1)
        b, c = (np.repeat(half.reshape(groups, size), heads // groups, 0) for half in np.split(token[inner:], 2))
        state = np.exp(step * rates)[:, :, None] * state + (step * values)[:, :, None] * b[:, None]
        out.append(np.einsum("hpn,hn->hp", state, c) + skips * values)
    gated = (np.array(out).reshape(len(x), inner) * silu(gate)).reshape(len(x), groups, -1)
    return model.linear(layer, "ssm_out", model.norm(gated, model.layer_tensor(layer, "ssm_norm")).reshape(len(x), inner))


def delta_net(model, layer, x):
    """S = exp(g) S, then S += k (beta (v - S^T k))^T, and y = S^T q / sqrt(size) for each value head. The file orders the heads so
    that value head i uses key head i modulo their number (the original repeats each key head for adjacent value heads)."""
    inner, size, heads, groups = (model.key("ssm." + name) for name in ("inner_size", "state_size", "time_step_rank", "group_count"))
    mixed = silu(convolve(model.linear(layer, "attn_qkv", x), model.layer_tensor(layer, "ssm_conv1d")))
    q, k, v = np.split(mixed, [groups * size, 2 * groups * size], 1)

    def unit(rows):
        rows = rows.reshape(len(x), groups, size)
        rows = rows / np.sqrt((rows * rows).sum(-1, keepdims=True) + model.key("attention.layer_norm_rms_epsilon"))
        return np.tile(rows, (1, heads // groups, 1))

    q, k, v = unit(q), unit(k), v.reshape(len(x), heads, -1)
    writes = sigmoid(model.linear(layer, "ssm_beta", x))
    steps = softplus(model.linear(layer, "ssm_alpha", x) + model.layer_tensor(layer, "ssm_dt", "bias"))
    kept = np.exp(model.tensor(f"blk.{layer}.ssm_a") * steps)
    state, out = np.zeros((heads, size, inner // heads)), []
    for token in range(len(x)):
        state = kept[token][:, None, None] * state
        known = np.einsum("hnp,hn->hp", state, k[token])
        state = state + k[token][:, :, None] * (writes[token][:, None] * (v[token] - known))[:, None]
        out.append(np.einsum("hnp,hn->hp", state, q[token]) / np.sqrt(size))
    gate = silu(model.linear(layer, "attn_gate", x)).reshape(v.shape)
    normed = model.norm(np.array(out), model.layer_tensor(layer, "ssm_norm"))
    return model.linear(layer, "ssm_out", (normed * gate).reshape(len(x), inner))


def attention(model, layer, x, context):
    """With a gate in qwen35: each head's query is followed by the gate of what the head gives."""
    size = model.head_sizes[exact.FULL]
    q, k, v = (model.linear(layer, name, x).reshape(len(x), -1, size) for name in ("attn_q", "attn_k", "attn_v"))
    gate = 1.0
    if model.architecture.startswith("qwen35"):
        q, gate = q[:, 0::2], sigmoid(q[:, 1::2]).reshape(len(x), -1)
    q = exact.norm_queries_or_keys(model, q, model.layer_tensor(layer, "attn_q_norm"))
    k = exact.norm_queries_or_keys(model, k, model.layer_tensor(layer, "attn_k_norm"))
    if model.key("rope.scaling.finetuned", True):  # Granite's way to say that positions are rotated at all
        q, k = (exact.rotate(model, rows, exact.FULL, context) for rows in (q, k))
    scale = model.key("attention.scale", 1 / np.sqrt(size))
    return model.linear(layer, "attn_output", gate * exact.attend(q, k, v, scale, np.inf))


def mix(model, layer, x, context):
    if model.layer_tensor(layer, "shortconv.conv") is not None:
        return short_convolution(model, layer, x)
    if model.layer_tensor(layer, "ssm_in") is not None:
        return state_space(model, layer, x)
    if model.layer_tensor(layer, "ssm_alpha") is not None:
        return delta_net(model, layer, x)
    return attention(model, layer, x, context)


def hidden(model, layer, x):
    if model.layer_tensor(layer, "ffn_gate_inp_shexp") is None:
        return exact.hidden(model, layer, x)
    y = exact.experts(model, layer, x, model.linear(layer, "ffn_gate_inp", x), silu)
    shared = exact.feed_forward(model, layer, x, silu, ("ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"))
    return y + shared * sigmoid(x @ model.layer_tensor(layer, "ffn_gate_inp_shexp"))[:, None]


def logits(model, tokens, context):
    residual_scale = model.key("residual_scale", 1.0)
    x = model.tensor("token_embd.weight")[tokens] * model.key("embedding_scale", 1.0)
    for layer in range(model.layers):
        x = x + residual_scale * mix(model, layer, model.norm(x, model.layer_tensor(layer, "attn_norm")), context)
        before = model.layer_tensor(layer, "ffn_norm")
        before = model.layer_tensor(layer, "post_attention_norm") if before is None else before
        x = x + residual_scale * hidden(model, layer, model.norm(x, before))
    norm, head = (model.tensor(name) for name in ("output_norm.weight", "output.weight"))
    norm = model.tensor("token_embd_norm.weight") if norm is None else norm
    head = model.tensor("token_embd.weight") if head is None else head
    return model.norm(x, norm) @ head.T / model.key("logit_scale", 1.0)
