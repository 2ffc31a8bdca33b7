-- Who may pass, how often, and how often they did.

local ffi = require "ffi"

ffi.cdef [[
typedef struct hmac_ctx_st HMAC_CTX;
typedef struct evp_md_st EVP_MD;
typedef struct engine_st ENGINE;
const EVP_MD *EVP_sha256(void);
HMAC_CTX *HMAC_CTX_new(void);
int HMAC_Init_ex(HMAC_CTX *ctx, const void *key, int len, const EVP_MD *md, ENGINE *impl);
int HMAC_Update(HMAC_CTX *ctx, const unsigned char *data, size_t len);
int HMAC_Final(HMAC_CTX *ctx, unsigned char *md, unsigned int *len);
]]

local C, ngx = ffi.C, ngx
local limits, usage = ngx.shared.limits, ngx.shared.usage

-- The keyed state is made once and reset for each key.
local pepper = string.rep("p", 32)
local hash, digest = C.HMAC_CTX_new(), ffi.new("unsigned char[32]")
assert(C.HMAC_Init_ex(hash, pepper, #pepper, C.EVP_sha256(), nil) == 1)

local function keyed_hash(text)
    C.HMAC_Init_ex(hash, nil, 0, nil, nil)
    C.HMAC_Update(hash, text, #text)
    C.HMAC_Final(hash, digest, nil)
    return ffi.string(digest, 32)
end

local keys = {
    [keyed_hash("@KEY@")] = { company = "@COMPANY@", scopes = { ["bench:read"] = true, ["bench:write"] = true } },
}
local needed = { GET = "bench:read", POST = "bench:write" }

-- Seconds between two requests at the limit, which is out of reach, and how far ahead of it one may be.
local interval, burst = 1e-6, 1

local function is_within_limit(company)
    local now = ngx.now()
    local due = limits:get(company)
    if not due or due < now then
        due = now
    end
    if due - now > burst then
        return false
    end
    limits:set(company, due + interval)
    return true
end

local gateway = {}

function gateway.admit()
    local var = ngx.var
    local text = var.http_x_api_key
    if not text or text:sub(1, 9) ~= "cpt_live_" then
        return ngx.exit(401)
    end
    local key = keys[keyed_hash(text)]
    if not key then
        return ngx.exit(401)
    end
    if not key.scopes[needed[ngx.req.get_method()]] then
        return ngx.exit(403)
    end
    if not is_within_limit(key.company) then
        return ngx.exit(429)
    end
    local trace = var.http_traceparent
    if not trace then
        local id = var.request_id
        trace = "00-" .. id .. "-" .. id:sub(1, 16) .. "-01"
    end
    var.trace = trace
    var.company = key.company
end

function gateway.count()
    local company = ngx.var.company
    if company ~= "" then
        usage:incr(company, 1, 0)
    end
end

return gateway
