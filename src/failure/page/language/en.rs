//! The page's texts in English.
//! `super::Language` names this table; nothing else reads it.

use super::{Delivery, Labels, Refusal, Requests, Texts, Words};

pub(super) const TEXTS: Texts = Texts {
    tag: "en",
    direction: "ltr",
    joint: " ",
    stop: ".",
    unreachable: Words {
        title: "This site cannot be reached right now",
        what: "We could not connect to the server behind this site.",
    },
    timeout: Words {
        title: "This site is taking too long to answer",
        what: "The server behind this site did not answer in time, so we stopped waiting.",
    },
    broken_answer: Words {
        title: "This site could not answer properly",
        what: "The server behind this site ended the conversation, or sent something that we cannot pass on to you.",
    },
    busy: Words {
        title: "This site is very busy right now",
        what: "More requests are coming in than can be served at the moment.",
    },
    maintenance: Words {
        title: "This site is being worked on",
        what: "Planned maintenance is under way. The site will be back when it is finished.",
    },
    gateway: Words {
        title: "Something went wrong on our side",
        what: "The gateway in front of this site could not handle your request.",
    },
    not_found: Refusal {
        title: "There is nothing at this address",
        what: "The link may be out of date, or the address may have been mistyped.",
        advice: "Check the address, or start from the home page of the site.",
    },
    your_request: Requests {
        malformed: Refusal {
            title: "This request could not be understood",
            what: "It was incomplete, or it was not written the way the web requires.",
            advice: "Go back and try once more. If it happens again, delete the cookies of this site.",
        },
        forbidden: Refusal {
            title: "This address may not be opened",
            what: "The site keeps it closed, to everybody or to visitors from where you are.",
            advice: "Check the address. If you should have access, ask the people who run this site.",
        },
        method: Refusal {
            title: "This address does not take requests of this kind",
            what: "There is a page here, but it cannot be used in the way it was asked for.",
            advice: "Open the page from a link on the site and try again from there.",
        },
        slow: Refusal {
            title: "Your request took too long to arrive",
            what: "It had not arrived completely when we stopped waiting. The usual reason is a slow connection.",
            advice: "Check your connection, then try again.",
        },
        large: Refusal {
            title: "What you sent is too large",
            what: "This site takes uploads up to a certain size, and yours is larger.",
            advice: "Send a smaller file, or send it in several parts.",
        },
        long_address: Refusal {
            title: "This address is too long",
            what: "The address that was asked for is longer than this site accepts.",
            advice: "Use a shorter address. If a form led you here, fill in less and send it again.",
        },
        expectation: Refusal {
            title: "This request sets a condition that we cannot meet",
            what: "It asks for something in advance that is not offered here.",
            advice: "If you use a program of your own, send the request without the Expect field.",
        },
        often: Refusal {
            title: "You are sending requests too quickly",
            what: "More of them come from you or your network than this site takes at a time.",
            advice: "Wait a moment, then try again.",
        },
        large_header: Refusal {
            title: "Your browser sends too much with each request",
            what: "Cookies and other details that come with the request are larger than this site accepts.",
            advice: "Delete the cookies of this site, then try again.",
        },
        unsupported: Refusal {
            title: "Requests of this kind are not supported",
            what: "It asks for something that is not offered here.",
            advice: "Open the page with an up-to-date browser.",
        },
        version: Refusal {
            title: "This version of HTTP is not supported",
            what: "Your browser or program speaks a version of the web's language that is not spoken here.",
            advice: "Use an up-to-date browser, or let your program speak HTTP/1.1.",
        },
    },
    not_your_fault: "This is not your fault: your device and your connection are working.",
    delivery: Delivery {
        no: "Your request was not passed on. Nothing was submitted; trying again is safe.",
        refused: "Your request was not passed on. Nothing was submitted.",
        unknown: "We do not know whether your request was carried out. Check before you send it again, so that \
                  nothing is ordered or paid twice.",
        reached: "The site received your request, but its answer was lost, so your request may have been carried out. \
                  Check before you send it again, so that nothing is ordered or paid twice.",
        reload: "You can reload this page.",
    },
    again_in: ["Please come back in about ", "."],
    reloads_in: ["This page tries again by itself in ", "."],
    units: ["s", "min", "h"],
    labels: Labels {
        verdict: "What this means for you",
        again: "Try again",
        reference: "If you ask for help, please give these details",
        time: "Time",
        host: "Site",
        request_id: "Request ID",
        code: "Code",
        contact: "Contact",
    },
};
