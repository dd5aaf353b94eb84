//! The page's texts in Chinese, in simplified characters.
//! `super::Language` names this table; nothing else reads it.

use super::{Delivery, Labels, Refusal, Requests, Texts, Words};

pub(super) const TEXTS: Texts = Texts {
    tag: "zh",
    direction: "ltr",
    joint: "",
    stop: "。",
    unreachable: Words { title: "暂时无法访问此网站", what: "我们无法连接到此网站的服务器。" },
    timeout: Words {
        title: "此网站的响应时间过长", what: "此网站的服务器没有及时响应，因此我们停止了等待。"
    },
    broken_answer: Words {
        title: "此网站未能正常响应",
        what: "此网站的服务器中断了连接，或发来了我们无法转交给您的内容。",
    },
    busy: Words {
        title: "此网站目前非常繁忙", what: "目前收到的请求超出了能够处理的数量。"
    },
    maintenance: Words {
        title: "此网站正在维护", what: "这是计划内的维护，完成后网站将恢复访问。"
    },
    gateway: Words { title: "我们这边出了问题", what: "此网站前端的网关未能处理您的请求。" },
    not_found: Refusal {
        title: "此地址没有任何内容",
        what: "链接可能已经失效，也可能是地址输入有误。",
        advice: "请检查地址，或从网站首页重新开始。",
    },
    your_request: Requests {
        malformed: Refusal {
            title: "无法理解此请求",
            what: "请求不完整，或不符合网络规范。",
            advice: "请返回上一页再试一次。如果问题再次出现，请清除此网站的 Cookie。",
        },
        forbidden: Refusal {
            title: "此地址无法打开",
            what: "此网站不对外开放此地址，或不对您所在位置的访客开放。",
            advice: "请检查地址。如果您应当有访问权限，请联系此网站的管理者。",
        },
        method: Refusal {
            title: "此地址不接受这种请求",
            what: "这里有页面，但不能以这种方式访问。",
            advice: "请通过网站上的链接打开页面，然后从那里重试。",
        },
        slow: Refusal {
            title: "您的请求传输时间过长",
            what: "在我们停止等待时，请求尚未完整送达。通常是因为网络连接较慢。",
            advice: "请检查您的网络连接，然后重试。",
        },
        large: Refusal {
            title: "您发送的内容过大",
            what: "此网站只接受一定大小以内的上传，而您的上传超过了限制。",
            advice: "请发送较小的文件，或分成几部分发送。",
        },
        long_address: Refusal {
            title: "此地址过长",
            what: "所请求的地址超过了此网站允许的长度。",
            advice: "请使用较短的地址。如果您是从表单来到这里的，请减少填写的内容后再次提交。",
        },
        expectation: Refusal {
            title: "此请求提出了我们无法满足的条件",
            what: "请求事先要求了这里不提供的功能。",
            advice: "如果您使用的是自己的程序，请去掉 Expect 字段后再发送请求。",
        },
        often: Refusal {
            title: "您发送的请求过于频繁",
            what: "来自您或您所在网络的请求超过了此网站一次可接受的数量。",
            advice: "请稍候片刻，然后重试。",
        },
        large_header: Refusal {
            title: "浏览器随每个请求发送的数据过多",
            what: "随请求一起发送的 Cookie 和其他信息超过了此网站允许的大小。",
            advice: "请清除此网站的 Cookie，然后重试。",
        },
        unsupported: Refusal {
            title: "不支持此类请求",
            what: "请求要求了这里不提供的功能。",
            advice: "请使用最新版本的浏览器打开页面。",
        },
        version: Refusal {
            title: "不支持此 HTTP 版本",
            what: "您的浏览器或程序使用的网络协议版本在这里不受支持。",
            advice: "请使用最新版本的浏览器，或让您的程序使用 HTTP/1.1。",
        },
    },
    not_your_fault: "这不是您的问题：您的设备和网络连接都正常。",
    delivery: Delivery {
        no: "您的请求没有被转发。没有提交任何内容，可以放心重试。",
        refused: "您的请求没有被转发。没有提交任何内容。",
        unknown: "我们不知道您的请求是否已被执行。再次发送之前请先确认，以免重复下单或付款。",
        reached: "网站已收到您的请求，但响应丢失了，因此您的请求可能已被执行。再次发送之前请先确认，以免重复下单或付款。",
        reload: "您可以重新加载此页面。",
    },
    again_in: ["请在大约 ", "后再来。"],
    reloads_in: ["此页面将在 ", "后自动重试。"],
    units: ["秒", "分钟", "小时"],
    labels: Labels {
        verdict: "这对您意味着什么",
        again: "重试",
        reference: "寻求帮助时，请提供以下信息",
        time: "时间",
        host: "网站",
        request_id: "请求 ID",
        code: "代码",
        contact: "联系方式",
    },
};
